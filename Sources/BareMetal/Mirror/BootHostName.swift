extension ObjectMeta {
  /// The boot host that saw the machine last: it switches and wipes it.
  public static let bootHostAnnotation = "metal.sidero.dev/boot-host"

  /// The name of the boot host that saw the machine last.
  public var bootHost: String? { annotations?[Self.bootHostAnnotation] }

  /// Notes who saw the machine.
  public mutating func setBootHost(_ name: String) {
    annotations = (annotations ?? [:]).merging([Self.bootHostAnnotation: name]) { $1 }
  }
}

/// Which Servers this boot host looks after, where several share a cluster: those that it saw last.
///
/// What nobody has seen yet is the leader's: a Server that a person wrote down, or that was taken over from Sidero.
public struct Jurisdiction: Sendable {
  /// This boot host; `nil`: there is no other, and all Servers are its.
  public let host: String?
  private let isLeading: @Sendable () -> Bool

  /// Of the only boot host.
  public static let all = Jurisdiction(host: nil) { true }

  public init(host: String?, isLeading: @escaping @Sendable () -> Bool) {
    self.host = host
    self.isLeading = isLeading
  }

  /// - Parameter server: `nil` for one that is not there.
  public func covers(_ server: Server?) -> Bool {
    guard let host else { return true }
    return server?.metadata.bootHost.map { $0 == host } ?? isLeading()
  }

  /// When to look again at a Server that is another's; `nil`: when it changes. Who leads changes without it.
  public func recheck(_ server: Server?) -> Duration? {
    host == nil || server?.metadata.bootHost != nil ? nil : .seconds(10)
  }

  /// Why nothing is done to the machine from here; `nil` where it may be.
  public func refusal(of server: Server) -> String? {
    guard !covers(server) else { return nil }
    return server.metadata.bootHost.map {
      "boot host \($0) looks after it: ask there, or annotate it with this one's name"
    }
      ?? "no boot host has seen it yet, and this one does not lead: ask the one that does"
  }
}
