extension ObjectMeta {
  /// The boot host that saw the machine last: it switches and wipes it.
  public static let bootHostAnnotation = "metal.sidero.dev/boot-host"

  /// The name of the boot host that saw the machine last.
  public var bootHost: String? { annotations?[Self.bootHostAnnotation] }
}

/// Which of several boot hosts a Server is looked after by.
public enum Responsibility {
  /// Whether the boot host called `host` looks after a machine whose Server (or that of its binding) is this.
  ///
  /// What nobody has seen yet is the leader's: a Server that a person wrote down, or that was taken over from Sidero.
  public static func isOurs(_ server: Server?, host: String, isLeading: Bool) -> Bool {
    server?.metadata.bootHost.map { $0 == host } ?? isLeading
  }
}
