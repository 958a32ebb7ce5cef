public import Wire

/// Whoever brings files here and keeps them: what Environments are made of.
public protocol AssetFetcher: Sendable {
  /// From now on `owner` wants these sources, which are fetched and kept fresh, and needs these contents (SHA-512), which
  /// are kept; both instead of what it held before.
  func hold(_ sources: Set<AssetSource>, contents: Set<String>, for owner: String) async

  /// Everybody who holds anything has said so: what nobody holds may now be removed to make room.
  func allHeld() async

  /// How far these are. Never waits for a network.
  func states(of sources: Set<AssetSource>) async -> [AssetSource: AssetState]

  /// Contents that are here, whole, by their SHA-512.
  func contents(_ digests: Set<String>) async -> [String: AssetContent]
}

/// A file in the cache, whole and never changed: its name is its digest.
public struct AssetContent: Hashable, Sendable {
  /// SHA-512 in lower-case hexadecimal.
  public var digest: String
  public var bytes: Int64
  /// Where it is on this host.
  public var path: String

  public init(digest: String, bytes: Int64, path: String) {
    self.digest = digest
    self.bytes = bytes
    self.path = path
  }

  /// For the table of what is served.
  public var asset: Asset { Asset(path: path, size: bytes) }
}

/// How far one source is.
public struct AssetState: Hashable, Sendable {
  /// What is being done about it.
  public enum Activity: Hashable, Sendable {
    /// Nothing, until it is looked at again.
    case idle
    /// Others are being fetched.
    case waiting
    /// It is being looked at, or fetched: bytes so far, and all if that is known. Brought up to date every few seconds.
    case fetching(received: Int64, total: Int64?)
    /// The last attempt failed; it is tried again.
    case failed(AssetFailure)
  }

  /// The newest content that came from there and is what it should be.
  public var content: AssetContent?
  public var activity: Activity
  /// When it was last known that this is what the source has.
  public var checked: Timestamp?

  public init(content: AssetContent? = nil, activity: Activity = .waiting, checked: Timestamp? = nil) {
    self.content = content
    self.activity = activity
    self.checked = checked
  }
}

/// Why a file could not be brought here.
public struct AssetFailure: Error, Codable, Hashable, Sendable {
  /// One word for programs; conditions and metrics carry it.
  public enum Reason: String, Codable, Hashable, Sendable, CaseIterable {
    /// What came is not what the spec's SHA-512 is of.
    case digestMismatch = "DigestMismatch"
    /// This host's disk is full, or the cache's share of it.
    case noSpace = "NoSpace"
    /// The server, or this host, has no such file.
    case notFound = "NotFound"
    /// The server did not let us have it.
    case refused = "Refused"
    /// The server is in trouble.
    case serverError = "ServerError"
    /// No answer: no such host, no route, nobody listens, no TLS.
    case unreachable = "Unreachable"
    /// The server stopped sending without hanging up.
    case stalled = "Stalled"
    /// It hung up before the end.
    case truncated = "Truncated"
    /// Larger than was announced, or than any boot file is.
    case tooLarge = "TooLarge"
    /// Sent from one place to another for ever, or to where we do not go.
    case redirected = "TooManyRedirects"
    /// The file changed while it was read.
    case changed = "Changed"
    /// The answer makes no sense.
    case malformed = "Malformed"
    /// This host's disk failed.
    case diskError = "DiskError"
    /// The URL is none that can be fetched.
    case invalid = "Invalid"
  }

  public var reason: Reason
  /// One sentence for people.
  public var message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }
}

extension AssetFailure: CustomStringConvertible {
  public var description: String { message }
}
