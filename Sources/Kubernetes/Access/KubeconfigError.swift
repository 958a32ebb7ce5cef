/// Why a kubeconfig cannot be used: what is wrong, and where.
public struct KubeconfigError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `users[0].user.tokenFile`; empty for the file as a whole.
  public var path: String
  public var message: String

  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
