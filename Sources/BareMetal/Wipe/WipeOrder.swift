/// What the agent is to do with the machine's disks, by an open intent: part of the answer to its registration.
public struct WipeOrder: Codable, Hashable, Sendable {
  /// ``WipeStatus/id``
  public var id: String
  public var mode: WipePolicy.Mode
  public var disks: [DiskOrder]
  /// The agent counts as lost when nothing was heard from it for so long.
  public var heartbeatSeconds: Int
  /// Proves that a report answers this order.
  public var token: Secret

  public init(_ intent: WipeStatus, heartbeatSeconds: Int, token: Secret) {
    id = intent.id
    mode = intent.mode
    disks = intent.disks
    self.heartbeatSeconds = heartbeatSeconds
    self.token = token
  }
}
