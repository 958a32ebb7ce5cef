/// How many sensor data records there are. IPMI v2.0 §33.9, NetFn Storage, command 20h.
public struct GetSDRRepositoryInfo: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x20

  public init() {}
  public var requestData: [UInt8] { [] }

  public struct Response: Hashable, Sendable {
    public var records: Int
    /// Seconds since 1970: what is cached of the records is good while these stay.
    public var lastAddition: UInt32
    public var lastErase: UInt32
    public var supportsReservation: Bool
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 1
    let records = try data.word(at: &offset)
    _ = try data.word(at: &offset)
    let addition = try data.doubleWord(at: &offset)
    let erase = try data.doubleWord(at: &offset)
    return Response(
      records: Int(records), lastAddition: addition, lastErase: erase,
      supportsReservation: try data.byte(at: &offset) & 0x02 != 0)
  }
}
