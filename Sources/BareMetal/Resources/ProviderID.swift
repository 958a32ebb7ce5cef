/// What Cluster API knows the Node of a machine by: `sidero://4c4c4544-…`.
public struct ProviderID: Hashable, Sendable, CustomStringConvertible {
  static let scheme = "sidero://"

  /// The Server's name.
  public var server: String

  public init(server: String) { self.server = server }

  /// `nil` for what is no machine of ours.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.scheme) else { return nil }
    let name = String(text.dropFirst(Self.scheme.count))
    guard ResourceName.isValid(name) else { return nil }
    server = name
  }

  public var description: String { Self.scheme + server }
}
