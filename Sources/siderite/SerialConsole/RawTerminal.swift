@preconcurrency import Glibc

/// Standard input as the terminal sends it: every key at once, none shown or interpreted here. Restored when it goes.
final class RawTerminal: Sendable {
  private let before: termios

  /// `nil` when standard input is no terminal.
  init?() {
    var state = termios()
    guard tcgetattr(STDIN_FILENO, &state) == 0 else { return nil }
    before = state
    cfmakeraw(&state)
    guard tcsetattr(STDIN_FILENO, TCSADRAIN, &state) == 0 else { return nil }
  }

  deinit { restore() }

  /// Makes the terminal what it was.
  func restore() {
    var state = before
    tcsetattr(STDIN_FILENO, TCSADRAIN, &state)
  }
}
