/// What turned out to be wrong with a document while it was read.
///
/// Belongs to one reading, in one task.
public final class ManifestTrace {
  /// Problems kept; a document that is all wrong needs no more of them.
  static let maximumProblems = 100

  public private(set) var problems: [FieldProblem] = []
  /// Fields that no version of the kind has.
  public private(set) var unknownFields: [FieldProblem] = []

  public init() {}

  public func record(_ problem: FieldProblem) {
    guard problems.count < Self.maximumProblems, !problems.contains(problem) else { return }
    problems.append(problem)
  }

  func record(_ message: String, at path: String) { record(FieldProblem(path: path, message: message)) }

  func recordUnknown(_ key: String, among known: Set<String>, at path: String) {
    guard unknownFields.count < Self.maximumProblems else { return }
    var message = "is not known"
    if let meant = Self.nearest(to: key, among: known) { message += ": is \(meant) meant?" }
    unknownFields.append(FieldProblem(path: path, message: message))
  }

  /// Reads a value; where it is not as it should be, records everything that is wrong.
  /// - Returns: `nil` only where a problem was recorded.
  public func value<Value: Decodable>(_ type: Value.Type, from value: JSONValue, at path: String) -> Value? {
    try? ManifestDecoder(value, path, self).decoded(type)
  }

  /// The known name that differs in letter case only, or by two letters at most.
  private static func nearest(to key: String, among known: Set<String>) -> String? {
    let key = key.lowercased()
    let near = known.map { (name: $0, distance: distance(key, $0.lowercased())) }.filter { $0.distance <= 2 }
    return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// Levenshtein's distance; of long texts, infinite.
  private static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    guard one.count <= 64, other.count <= 64 else { return .max }
    var row = Array(0...other.count)
    for (index, byte) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in other.indices {
        let change = diagonal + (byte == other[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(change, row[column] + 1, diagonal + 1)
      }
    }
    return row[other.count]
  }
}
