import Wire

/// One setting of serial-over-LAN. IPMI v2.0 table 26-5.
public enum SOLParameter: Hashable, Sendable {
  case isEnabled(Bool)
  /// Whether encryption and signatures are demanded, and the least privilege.
  case authentication(mustEncrypt: Bool, mustSign: Bool, PrivilegeLevel)
  /// How long characters are gathered, in units of 5 ms, and how many make a packet.
  case accumulation(interval: UInt8, threshold: UInt8)
  /// How often a packet is sent again (0…7), and after how many units of 10 ms.
  case retry(count: UInt8, interval: UInt8)
  /// The serial port's speed, after the BMC starts anew or now.
  case bitRate(BitRate, isVolatile: Bool)
  /// Where the payload goes, when not to the port of the session.
  case port(UInt16)

  public enum BitRate: UInt8, Hashable, Sendable {
    case asSerialChannel = 0
    case rate9600 = 6
    case rate19200 = 7
    case rate38400 = 8
    case rate57600 = 9
    case rate115200 = 10
  }

  /// The number of a setting.
  public enum Number: UInt8, Hashable, Sendable {
    case isEnabled = 1
    case authentication = 2
    case accumulation = 3
    case retry = 4
    case bitRate = 5
    case volatileBitRate = 6
    case port = 8
  }

  public var number: Number {
    switch self {
    case .isEnabled: .isEnabled
    case .authentication: .authentication
    case .accumulation: .accumulation
    case .retry: .retry
    case .bitRate(_, let isVolatile): isVolatile ? .volatileBitRate : .bitRate
    case .port: .port
    }
  }

  var bytes: [UInt8] {
    switch self {
    case .isEnabled(let isEnabled): [isEnabled ? 1 : 0]
    case .authentication(let mustEncrypt, let mustSign, let privilege):
      [(mustEncrypt ? 0x80 : 0) | (mustSign ? 0x40 : 0) | privilege.rawValue]
    case .accumulation(let interval, let threshold): [interval, threshold]
    case .retry(let count, let interval): [count & 0x07, interval]
    case .bitRate(let rate, _): [rate.rawValue]
    case .port(let port): [UInt8(truncatingIfNeeded: port), UInt8(truncatingIfNeeded: port >> 8)]
    }
  }

  init(_ number: Number, parsing data: Span<UInt8>, at offset: inout Int) throws(IPMIParseError) {
    let first = try data.byte(at: &offset)
    switch number {
    case .isEnabled: self = .isEnabled(first & 1 != 0)
    case .authentication:
      self = .authentication(
        mustEncrypt: first & 0x80 != 0, mustSign: first & 0x40 != 0, PrivilegeLevel(rawValue: first))
    case .accumulation: self = .accumulation(interval: first, threshold: try data.byte(at: &offset))
    case .retry: self = .retry(count: first & 0x07, interval: try data.byte(at: &offset))
    case .bitRate, .volatileBitRate:
      guard let rate = BitRate(rawValue: first & 0x0f) else { throw .value(field: "bit rate", Int(first & 0x0f)) }
      self = .bitRate(rate, isVolatile: number == .volatileBitRate)
    case .port: self = .port(UInt16(first) | UInt16(try data.byte(at: &offset)) << 8)
    }
  }
}

/// Reads a setting of serial-over-LAN. IPMI v2.0 §26.3, NetFn Transport, command 22h.
public struct GetSOLConfiguration: IPMICommand {
  public static let networkFunction = NetworkFunction.transport
  public static let command: UInt8 = 0x22

  public static let parameterNotSupported = CompletionCode(rawValue: 0x80)

  public var channel: UInt8
  public var number: SOLParameter.Number

  public init(channel: UInt8 = 0x0e, _ number: SOLParameter.Number) {
    self.channel = channel & 0x0f
    self.number = number
  }

  public var requestData: [UInt8] { [channel, number.rawValue, 0, 0] }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> SOLParameter {
    var offset = 1  // the parameters' revision
    return try SOLParameter(number, parsing: data, at: &offset)
  }
}

/// Changes a setting of serial-over-LAN. IPMI v2.0 §26.2, NetFn Transport, command 21h.
public struct SetSOLConfiguration: IPMICommand {
  public static let networkFunction = NetworkFunction.transport
  public static let command: UInt8 = 0x21

  public static let parameterNotSupported = CompletionCode(rawValue: 0x80)
  public static let readOnly = CompletionCode(rawValue: 0x82)

  public var channel: UInt8
  public var parameter: SOLParameter

  public init(channel: UInt8 = 0x0e, _ parameter: SOLParameter) {
    self.channel = channel & 0x0f
    self.parameter = parameter
  }

  public var requestData: [UInt8] { [channel, parameter.number.rawValue] + parameter.bytes }
  public typealias Response = NoResponse
}
