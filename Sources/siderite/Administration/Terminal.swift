@preconcurrency import Glibc

/// Standard output and error.
enum Terminal {
  /// Writes a line to standard error.
  static func error(_ text: String) {
    fputs("siderite: \(text)\n", stderr)
  }

  /// Writes what was printed so far, for live views through a pipe.
  static func flush() { fflush(stdout) }
}
