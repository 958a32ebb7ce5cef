/// One thing wrong with the configuration.
struct ConfigurationProblem: Equatable, Sendable, CustomStringConvertible {
  /// `interfaces[0].pools[1]`; empty for the file as a whole.
  var path: String
  /// The line in the file, where the value came from there.
  var line: Int?
  /// What is wrong and what would be right.
  var message: String

  var description: String {
    let place = [path.isEmpty ? nil : path, line.map { "line \($0)" }].compactMap { $0 }.joined(separator: ", ")
    return place.isEmpty ? message : "\(place): \(message)"
  }
}

/// Everything wrong with the configuration, at once.
struct InvalidConfiguration: Error, CustomStringConvertible {
  var problems: [ConfigurationProblem]

  var description: String {
    (["the configuration has \(problems.count) problem\(problems.count == 1 ? "" : "s"):"]
      + problems.map { "  \($0)" }).joined(separator: "\n")
  }
}
