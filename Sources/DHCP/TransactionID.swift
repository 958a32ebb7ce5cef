/// The number a client chose for one exchange: `xid`, four bytes in network order (RFC 2131 §2).
public struct TransactionID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

extension TransactionID: CustomStringConvertible {
  /// `0x3903f326`
  public var description: String {
    let digits = String(rawValue, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }
}
