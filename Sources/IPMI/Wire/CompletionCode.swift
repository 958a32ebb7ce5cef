/// The first byte of every response. IPMI v2.0 table 5-2; 0x80…0xBE mean something else for each command.
public struct CompletionCode: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let success = CompletionCode(rawValue: 0x00)
  public static let nodeBusy = CompletionCode(rawValue: 0xc0)
  public static let invalidCommand = CompletionCode(rawValue: 0xc1)
  public static let invalidForLUN = CompletionCode(rawValue: 0xc2)
  public static let timeout = CompletionCode(rawValue: 0xc3)
  public static let outOfSpace = CompletionCode(rawValue: 0xc4)

  /// The SEL, SDR or FRU reservation is no longer valid: somebody else changed something. Reserve and begin again.
  public static let reservationCancelled = CompletionCode(rawValue: 0xc5)
  public static let requestTruncated = CompletionCode(rawValue: 0xc6)
  public static let requestLength = CompletionCode(rawValue: 0xc7)
  public static let requestTooLong = CompletionCode(rawValue: 0xc8)
  public static let parameterOutOfRange = CompletionCode(rawValue: 0xc9)

  /// The answer would not fit: ask for fewer bytes (SDR, FRU).
  public static let cannotReturnBytes = CompletionCode(rawValue: 0xca)
  public static let notPresent = CompletionCode(rawValue: 0xcb)
  public static let invalidField = CompletionCode(rawValue: 0xcc)
  public static let illegalForSensor = CompletionCode(rawValue: 0xcd)
  public static let cannotRespond = CompletionCode(rawValue: 0xce)
  public static let duplicate = CompletionCode(rawValue: 0xcf)
  public static let updatingRepository = CompletionCode(rawValue: 0xd0)
  public static let initializing = CompletionCode(rawValue: 0xd2)
  public static let insufficientPrivilege = CompletionCode(rawValue: 0xd4)
  public static let wrongState = CompletionCode(rawValue: 0xd5)
  public static let disabled = CompletionCode(rawValue: 0xd6)
  public static let unspecified = CompletionCode(rawValue: 0xff)

  /// Whether the same request may well succeed a moment later.
  public var isTransient: Bool { self == .nodeBusy || self == .updatingRepository || self == .initializing }
}

extension CompletionCode: CustomStringConvertible {
  public var description: String {
    switch self {
    case .success: "success"
    case .nodeBusy: "node busy"
    case .invalidCommand: "command not supported"
    case .invalidForLUN: "command not supported for this LUN"
    case .timeout: "timed out inside the BMC"
    case .outOfSpace: "out of space"
    case .reservationCancelled: "reservation cancelled"
    case .requestTruncated: "request data truncated"
    case .requestLength: "request data length invalid"
    case .requestTooLong: "request data too long"
    case .parameterOutOfRange: "parameter out of range"
    case .cannotReturnBytes: "cannot return that many bytes"
    case .notPresent: "sensor, data or record not present"
    case .invalidField: "invalid data field"
    case .illegalForSensor: "illegal for this sensor or record"
    case .cannotRespond: "response cannot be given"
    case .duplicate: "duplicate request"
    case .updatingRepository: "repository is being updated"
    case .initializing: "BMC is initializing"
    case .insufficientPrivilege: "insufficient privilege"
    case .wrongState: "not supported in the present state"
    case .disabled: "disabled"
    default: "completion code 0x\(String(rawValue, radix: 16))"
    }
  }
}
