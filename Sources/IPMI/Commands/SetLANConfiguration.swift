/// Sets one LAN parameter of a channel. IPMI v2.0 §23.1, NetFn Transport, command 01h.
public struct SetLANConfiguration: IPMICommand {
  public static let networkFunction = NetworkFunction.transport
  public static let command: UInt8 = 0x01

  public static let parameterNotSupported = CompletionCode(rawValue: 0x80)
  public static let readOnly = CompletionCode(rawValue: 0x82)

  public var channel: UInt8
  public var parameter: UInt8
  public var data: [UInt8]

  public init(channel: UInt8, parameter: GetLANConfiguration.Parameter, data: [UInt8]) {
    self.channel = channel & 0x0f
    self.parameter = parameter.rawValue
    self.data = data
  }

  public var requestData: [UInt8] { [channel, parameter] + data }

  public typealias Response = NoResponse
}
