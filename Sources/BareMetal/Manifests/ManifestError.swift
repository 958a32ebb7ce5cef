/// Why a document is no manifest of ours: everything that is wrong with it.
public struct ManifestError: Error, Hashable, Sendable {
  /// What it says it is, where it says so.
  public var kind: String?
  public var name: String?
  /// At least one; sorted by path.
  public var problems: [FieldProblem]

  public init(kind: String? = nil, name: String? = nil, problems: [FieldProblem]) {
    self.kind = kind
    self.name = name
    self.problems = problems
  }
}

extension ManifestError: CustomStringConvertible {
  /// `Server 4c4c4544-…: spec.pxeMode: …; spec.bmc.port: …`
  public var description: String {
    let subject = [kind, name].compactMap(\.self).map { PlainText.line($0) }.joined(separator: " ")
    return (subject.isEmpty ? "" : subject + ": ") + problems.map(\.description).joined(separator: "; ")
  }
}
