/// Why a method did not do, or why the disk cannot be erased at all.
enum EraseFailure: Error, Hashable, Sendable {
  /// This method cannot: another one may.
  case impossible(String)
  /// The disk cannot be relied on: no method helps.
  case broken(String)
  /// Whoever asked for it does not want it any more.
  case stopped
}
