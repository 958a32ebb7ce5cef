public import Wire

/// Why an entry point, or the rest of a structure table, could not be read.
public enum SMBIOSError: Error, Equatable, Sendable {
  /// The bytes start with neither `_SM_` nor `_SM3_`.
  case noAnchor

  /// The bytes of an entry point do not add up to zero (modulo 256).
  case badChecksum

  /// A length field holds an impossible value: `length` at byte `offset`.
  case badLength(offset: Int, length: Int)

  /// The bytes end too early.
  case truncated(WireError)

  /// More structures than any machine has; the rest was left unread.
  case tooManyStructures(limit: Int)
}

extension SMBIOSError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noAnchor: "neither _SM_ nor _SM3_ at the start of the entry point"
    case .badChecksum: "the checksum of the entry point is wrong"
    case .badLength(let offset, let length): "impossible length \(length) at byte \(offset)"
    case .truncated(let error): "\(error)"
    case .tooManyStructures(let limit): "more than \(limit) structures"
    }
  }
}
