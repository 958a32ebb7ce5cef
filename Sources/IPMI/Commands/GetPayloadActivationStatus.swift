import Wire

/// Which instances of a payload are in use, by whomever. IPMI v2.0 §24.4, NetFn App, command 4Ah.
public struct GetPayloadActivationStatus: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x4a

  public var payload: PayloadType

  public init(_ payload: PayloadType = .serialOverLAN) { self.payload = payload }

  public var requestData: [UInt8] { [payload.rawValue] }

  public struct Response: Hashable, Sendable {
    /// How many there can be.
    public var capacity: Int
    /// Numbers from 1.
    public var activeInstances: [Int]
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let capacity = Int(try data.byte(at: &offset) & 0x0f)
    let bits = try data.word(at: &offset)
    return Response(capacity: capacity, activeInstances: (0..<16).filter { bits & 1 << $0 != 0 }.map { $0 + 1 })
  }
}
