/// Why a transfer ended, as an ERROR packet says it (RFC 1350 appendix I; code 8: RFC 2347).
public struct TFTPErrorCode: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Not defined: the message says what it is.
  public static let undefined = TFTPErrorCode(rawValue: 0)
  public static let fileNotFound = TFTPErrorCode(rawValue: 1)
  public static let accessViolation = TFTPErrorCode(rawValue: 2)
  public static let diskFull = TFTPErrorCode(rawValue: 3)
  public static let illegalOperation = TFTPErrorCode(rawValue: 4)
  public static let unknownTransfer = TFTPErrorCode(rawValue: 5)
  public static let fileExists = TFTPErrorCode(rawValue: 6)
  public static let noSuchUser = TFTPErrorCode(rawValue: 7)

  /// The options cannot be agreed on.
  public static let optionNegotiation = TFTPErrorCode(rawValue: 8)
}

extension TFTPErrorCode: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
