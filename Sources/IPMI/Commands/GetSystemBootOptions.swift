/// Reads one boot option. IPMI v2.0 §28.13, NetFn Chassis, command 09h.
public struct GetSystemBootOptions: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x09

  /// 0…127, IPMI v2.0 table 28-14.
  public var parameter: UInt8

  public init(parameter: UInt8) { self.parameter = parameter & 0x7f }

  /// Parameter 5.
  public static let flags = GetSystemBootOptions(parameter: 5)

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    parameter = try data.byte(at: &offset) & 0x7f
  }

  /// Set selector and block selector are 0.
  public var requestData: [UInt8] { [parameter, 0, 0] }

  public struct Response: Hashable, Sendable {
    public var parameter: UInt8
    public var isParameterValid: Bool
    public var data: [UInt8]

    public init(parameter: UInt8, isParameterValid: Bool, data: [UInt8]) {
      self.parameter = parameter
      self.isParameterValid = isParameterValid
      self.data = data
    }

    /// The boot flags, if this is parameter 5.
    public func flags() throws(IPMIParseError) -> BootFlags? {
      parameter == 5 ? try BootFlags(parsing: data.span) : nil
    }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    _ = try data.byte(at: &offset)  // the parameters' version, 1
    let second = try data.byte(at: &offset)
    let value = data.rest(at: &offset)
    return Response(parameter: second & 0x7f, isParameterValid: second & 0x80 == 0, data: value)
  }

  public func responseData(_ response: Response) -> [UInt8] {
    [0x01, (response.isParameterValid ? 0 : 0x80) | response.parameter] + response.data
  }
}
