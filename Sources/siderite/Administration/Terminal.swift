import BareMetal
@preconcurrency import Glibc

/// Standard output and error, and who sits there.
enum Terminal {
  /// The three descriptors every program has.
  enum Stream: Int32 {
    case input = 0
    case output = 1
    case error = 2
  }

  /// Writes a line to standard error.
  static func error(_ text: String) {
    fputs("siderite: \(text)\n", stderr)
  }

  /// Writes to standard error as it is.
  static func writeError(_ text: String) { fputs(text, stderr) }

  /// Writes what was printed so far, for live views through a pipe.
  static func flush() { fflush(stdout) }

  static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// Asks for a password without showing it; `nil` where nobody can be asked.
  static func askSecret(_ prompt: String) -> Secret? {
    guard isTerminal(.input), isTerminal(.error) else { return nil }
    var before = termios()
    guard tcgetattr(Stream.input.rawValue, &before) == 0 else { return nil }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    writeError(prompt)
    tcsetattr(Stream.input.rawValue, TCSAFLUSH, &silent)
    defer {
      tcsetattr(Stream.input.rawValue, TCSAFLUSH, &before)
      writeError("\n")
    }
    return readLine(strippingNewline: true).map { Secret($0) }
  }
}
