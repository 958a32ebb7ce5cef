/// What a client waits for and takes at most.
public struct KubernetesClientConfiguration: Sendable {
  /// For one answer, the first byte to the last. The API server itself gives up after 60 s; etcd's timeout is 5 to 10 s.
  public var answerTime = Duration.seconds(15)
  /// For the answer to a list of everything at once, once it has begun: what the API server itself takes at most.
  public var listTime = Duration.seconds(60)
  /// For one request with all its attempts.
  public var patience = Duration.seconds(40)
  /// For a connection.
  public var connectTime = Duration.seconds(5)
  /// Objects of a page of a list: about 2 MB of Servers.
  public var pageSize = 250
  /// For one answer to a list, of which no more than an object at a time is in memory as JSON.
  public var maximumAnswerBytes = 1 << 30
  /// For one object in a watch; etcd holds 1.5 MB, JSON may be a little longer than what was written.
  public var maximumObjectBytes = 8 << 20
  /// A watch that says nothing for so long is broken: the server sends a bookmark every minute.
  public var watchSilence = Duration.seconds(100)
  /// How long a watch lasts, from half of it on by chance, before it is begun anew: so that several API servers behind
  /// one address share them evenly.
  public var watchTime = Duration.seconds(600)
  /// Connections for everything but watches; more requests than that wait.
  public var connections = 16
  /// Connections for watches: one for each kind that is watched, with room.
  public var watches = 64

  public init() {}
}
