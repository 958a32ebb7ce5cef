public import Wire

/// Reads one LAN parameter of a channel. IPMI v2.0 §23.2, NetFn Transport, command 02h.
public struct GetLANConfiguration: IPMICommand {
  public static let networkFunction = NetworkFunction.transport
  public static let command: UInt8 = 0x02

  public static let parameterNotSupported = CompletionCode(rawValue: 0x80)

  /// Table 23-4.
  public enum Parameter: UInt8, Hashable, Sendable {
    case setInProgress = 0
    case address = 3
    case addressSource = 4
    case macAddress = 5
    case subnetMask = 6
    case primaryPort = 8
    case defaultGateway = 12
    case vlan = 20
  }

  public var channel: UInt8
  public var parameter: Parameter

  public init(channel: UInt8 = 0x0e, _ parameter: Parameter) {
    self.channel = channel & 0x0f
    self.parameter = parameter
  }

  public var requestData: [UInt8] { [channel, parameter.rawValue, 0, 0] }

  /// How an address came about.
  public struct AddressSource: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x0f }
    public static let `static` = AddressSource(rawValue: 1)
    public static let dhcp = AddressSource(rawValue: 2)
    public static let firmware = AddressSource(rawValue: 3)
    public static let other = AddressSource(rawValue: 4)
  }

  public enum Response: Hashable, Sendable {
    case setInProgress(UInt8)
    case address(IPv4Address)
    case addressSource(AddressSource)
    case macAddress(MACAddress)
    case subnetMask(IPv4Address)

    /// The one number in IPMI's LAN parameters that is least significant byte first among network-order ones.
    case primaryPort(UInt16)
    case defaultGateway(IPv4Address)

    /// `nil`: untagged.
    case vlan(UInt16?)
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 1  // the parameters' revision
    switch parameter {
    case .setInProgress: return .setInProgress(try data.byte(at: &offset) & 3)
    case .address: return .address(try Self.address(data, at: &offset))
    case .addressSource: return .addressSource(AddressSource(rawValue: try data.byte(at: &offset)))
    case .macAddress:
      let bytes = try data.bytes(6, at: &offset)
      return .macAddress(MACAddress(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) }))
    case .subnetMask: return .subnetMask(try Self.address(data, at: &offset))
    case .primaryPort: return .primaryPort(try data.word(at: &offset))
    case .defaultGateway: return .defaultGateway(try Self.address(data, at: &offset))
    case .vlan:
      let value = try data.word(at: &offset)
      return .vlan(value & 0x8000 != 0 ? value & 0x0fff : nil)
    }
  }

  private static func address(_ data: Span<UInt8>, at offset: inout Int) throws(IPMIParseError) -> IPv4Address {
    IPv4Address(rawValue: try data.doubleWord(at: &offset).byteSwapped)
  }
}
