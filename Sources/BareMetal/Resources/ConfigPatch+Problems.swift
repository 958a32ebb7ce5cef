extension ConfigPatch {
  /// The operations of RFC 6902 §4.
  public static let operations = ["add", "copy", "move", "remove", "replace", "test"]

  /// What is wrong with the operation, whatever it is applied to.
  func problems(at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    func record(_ field: String, _ message: String) {
      problems.append(FieldProblem(path: "\(path).\(field)", message: message))
    }
    if !Self.operations.contains(op) {
      record("op", "'\(PlainText.line(op))' is not one of \(Self.operations.joined(separator: ", "))")
    }
    if let message = Self.problem(pointer: self.path) { record("path", message) }
    switch op {
    case "add", "replace", "test":
      if value == nil { record("value", "is missing: \(op) needs one") }
      if from != nil { record("from", "is not for \(op)") }
    case "copy", "move":
      if let from {
        if let message = Self.problem(pointer: from) { record("from", message) }
        if op == "move", self.path.hasPrefix(from + "/") { record("path", "lies inside of what is moved") }
      } else {
        record("from", "is missing: \(op) needs one")
      }
      if value != nil { record("value", "is not for \(op)") }
    case "remove":
      if from != nil { record("from", "is not for remove") }
    default: break
    }
    return problems
  }

  /// Why a text is no JSON pointer (RFC 6901 §3).
  private static func problem(pointer: String) -> String? {
    guard pointer.isEmpty || pointer.hasPrefix("/") else {
      return "'\(PlainText.line(pointer))' is no JSON pointer: it begins with '/'"
    }
    for part in pointer.utf8.split(separator: UInt8(ascii: "~"), omittingEmptySubsequences: false).dropFirst()
    where part.first != UInt8(ascii: "0") && part.first != UInt8(ascii: "1") {
      return "'\(PlainText.line(pointer))' is no JSON pointer: '~' is written ~0, and '/' in a name ~1"
    }
    return nil
  }
}

extension PatchingSpec {
  /// What is wrong with the patches, whatever they are applied to.
  var patchProblems: [FieldProblem] {
    let operations = configPatches ?? []
    var problems = operations.enumerated().flatMap { $1.problems(at: "spec.configPatches[\($0)]") }
    for (index, patch) in (strategicPatches ?? []).enumerated() where patch.allSatisfy(\.isWhitespace) {
      problems.append(FieldProblem(path: "spec.strategicPatches[\(index)]", message: "is empty"))
    }
    return problems
  }
}
