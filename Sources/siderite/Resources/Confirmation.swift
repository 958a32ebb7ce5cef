import ArgumentParser

/// A person's word before something is destroyed.
enum Confirmation {
  /// Shows what will happen and asks for `word`, unless `--yes` was given.
  /// - Throws: where the answer is another, or nobody can be asked.
  static func ask(_ consequences: String, word: String, isGiven: Bool) throws {
    if isGiven { return }
    guard Terminal.isTerminal(.input), Terminal.isTerminal(.error) else {
      Terminal.error("\(consequences)\nsiderite: nobody is here to be asked: say --yes")
      throw ExitCode.validationFailure
    }
    Terminal.writeError("\(consequences)\nType \(word) to go on: ")
    guard readLine()?.lowercased() == word.lowercased() else {
      Terminal.error("nothing was done")
      throw ExitCode.failure
    }
  }
}
