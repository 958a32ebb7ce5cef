/// What client and server agreed on for one read.
public struct TFTPParameters: Hashable, Sendable {
  /// Without an option, RFC 1350's 512 bytes.
  public private(set) var blockSize = 512

  /// Without an option, lock-step.
  public private(set) var windowSize = 1

  /// When the client asked packets to be sent again.
  public private(set) var timeout: Duration?

  /// The options to acknowledge, in the order they were asked for; none means no OACK is sent.
  public private(set) var acknowledged: [TFTPOption] = []

  /// Lock-step with blocks of 512 bytes.
  public init() {}

  /// Grants what `request` asks for within `limits` (RFC 2347: an unknown option is left out of the answer, a value may
  /// be lowered, never raised).
  ///
  /// - Parameter size: the bytes the file takes as sent (in netascii, after conversion).
  /// - Throws: ERROR 4 for a mode that is neither octet nor netascii; ERROR 8 for an option whose value is no number or
  ///   lies outside what its RFC allows.
  public init(answering request: TFTPRequest, size: Int, limits: TFTPLimits) throws(TFTPRefusal) {
    guard request.mode == .octet || request.mode == .netascii else {
      throw TFTPRefusal(.illegalOperation, "mode is neither octet nor netascii")
    }
    for option in request.options {
      switch option.name {
      case .blockSize:
        blockSize = min(try option.number(in: 8...65464), max(8, limits.blockSize))
        acknowledged.append(TFTPOption(.blockSize, String(blockSize)))
      case .windowSize:
        windowSize = min(try option.number(in: 1...65535), max(1, limits.windowSize))
        acknowledged.append(TFTPOption(.windowSize, String(windowSize)))
      case .timeout:
        let seconds = try option.number(in: 1...255)
        timeout = .seconds(seconds)
        acknowledged.append(TFTPOption(.timeout, String(seconds)))
      case .transferSize:
        _ = try option.number(in: 0...Int.max)
        // curl takes a size of 0 in an OACK for an error and ends the transfer.
        if size > 0 { acknowledged.append(TFTPOption(.transferSize, String(size))) }
      default: break
      }
    }
    let affordable = max(1, limits.windowBytes / (blockSize + TFTPPacket.dataHeaderSize))
    if windowSize > affordable {
      windowSize = affordable
      acknowledged = acknowledged.map { $0.name == .windowSize ? TFTPOption(.windowSize, String(windowSize)) : $0 }
    }
  }
}

extension TFTPOption {
  fileprivate func number(in range: ClosedRange<Int>) throws(TFTPRefusal) -> Int {
    let digits = value.utf8
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int(value), range.contains(number)
    else {
      throw TFTPRefusal(.optionNegotiation, "\(name.rawValue) must be \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
