/// Connects the session to the machine's serial port. IPMI v2.0 §24.1, NetFn App, command 48h, payload type 1.
public struct ActivateSOL: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x48

  /// Somebody else has it: deactivate first, which takes it from them.
  public static let alreadyActive = CompletionCode(rawValue: 0x80)
  public static let disabled = CompletionCode(rawValue: 0x81)
  public static let limitReached = CompletionCode(rawValue: 0x82)
  public static let cannotEncrypt = CompletionCode(rawValue: 0x83)
  public static let mustEncrypt = CompletionCode(rawValue: 0x84)

  public var instance: UInt8
  public var isEncrypted: Bool
  public var isSigned: Bool

  public init(instance: UInt8 = 1, isEncrypted: Bool = true, isSigned: Bool = true) {
    self.instance = instance & 0x0f
    self.isEncrypted = isEncrypted
    self.isSigned = isSigned
  }

  /// Alerts are deferred while it is active (bit 3), as the port is shared with them.
  public var requestData: [UInt8] {
    [
      PayloadType.serialOverLAN.rawValue, instance, (isEncrypted ? 0x80 : 0) | (isSigned ? 0x40 : 0) | 0x08, 0, 0, 0,
    ]
  }

  public struct Response: Hashable, Sendable {
    /// The most characters of one packet to the BMC, header of 4 bytes included; some BMCs send it byte-swapped, so
    /// only 5…255 is believed. ``SerialOverLAN`` wants ``mostCharacters``.
    public var mostBytesToBMC: UInt16
    public var mostBytesFromBMC: UInt16
    public var port: UInt16

    /// Characters that fit one packet.
    public var mostCharacters: Int { (5...255).contains(mostBytesToBMC) ? Int(mostBytesToBMC) - 4 : 64 }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 4
    return Response(
      mostBytesToBMC: try data.word(at: &offset), mostBytesFromBMC: try data.word(at: &offset),
      port: try data.word(at: &offset))
  }
}

/// Lets go of the serial port, or takes it from whoever has it. IPMI v2.0 §24.2, NetFn App, command 49h.
public struct DeactivateSOL: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x49

  /// It was not active.
  public static let alreadyDeactivated = CompletionCode(rawValue: 0x80)

  public var instance: UInt8

  public init(instance: UInt8 = 1) { self.instance = instance & 0x0f }
  public var requestData: [UInt8] { [PayloadType.serialOverLAN.rawValue, instance, 0, 0, 0, 0] }
  public typealias Response = NoResponse
}
