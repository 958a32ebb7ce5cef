extension WipeStatus {
  /// An id that nobody can guess.
  public static func newID(using random: inout some RandomNumberGenerator) -> String {
    Secret.random(length: 24, using: &random).exposedText
  }
}
