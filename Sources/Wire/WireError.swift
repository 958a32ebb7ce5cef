/// Why a run of bytes could not be read.
public enum WireError: Error, Equatable, Sendable {
  /// The bytes end before the value does: `needed` bytes were wanted at `offset`, `available` were left.
  case truncated(offset: Int, needed: Int, available: Int)
}

extension WireError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let offset, let needed, let available):
      "truncated at byte \(offset): \(needed) bytes needed, \(available) left"
    }
  }
}
