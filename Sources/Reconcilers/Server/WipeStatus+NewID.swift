public import BareMetal

extension WipeStatus {
  /// An id from the system's randomness.
  public static func newID() -> String {
    var random = SystemRandomNumberGenerator()
    return newID(using: &random)
  }
}
