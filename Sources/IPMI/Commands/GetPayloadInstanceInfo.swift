/// Who has an instance of a payload. IPMI v2.0 §24.5, NetFn App, command 4Bh.
public struct GetPayloadInstanceInfo: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x4b

  public var payload: PayloadType
  public var instance: UInt8

  public init(_ payload: PayloadType = .serialOverLAN, instance: UInt8 = 1) {
    self.payload = payload
    self.instance = instance
  }

  public var requestData: [UInt8] { [payload.rawValue, instance] }

  public struct Response: Hashable, Sendable {
    /// The BMC's number of the session that has it; 0: nobody has.
    public var sessionID: UInt32
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(sessionID: try data.doubleWord(at: &offset))
  }
}
