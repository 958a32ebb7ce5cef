/// What is wrong with one field of a resource.
public struct FieldProblem: Codable, Hashable, Sendable {
  /// Where: `spec.kernel.args[2]`.
  public var path: String
  /// One sentence: what is wrong, and what would be right.
  public var message: String

  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }
}

extension FieldProblem: CustomStringConvertible {
  /// `spec.kernel.url: …`
  public var description: String { "\(path): \(message)" }
}
