/// Whoever asks the management controllers of Servers by name, one owner each, and keeps `status.power` true about it.
public protocol ServerSwitch: Sendable {
  /// Does what is asked, and says what came of it.
  /// - Parameters:
  ///   - force: although the Server is allocated, or not accepted.
  ///   - by: who asks, for the journal.
  ///   - noting: whether the Server's status is brought up to date about it; else the caller does that, with what else it
  ///     has to write there (``ServerStatus/observe(_:at:)``).
  func perform(_ request: BMCRequest, on name: String, force: Bool, by: String, noting: Bool) async -> BMCOutcome
}
