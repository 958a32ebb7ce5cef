/// Asks for the number that reading records in parts takes. IPMI v2.0 §33.11, NetFn Storage, command 22h.
public struct ReserveSDRRepository: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x22

  public init() {}
  public var requestData: [UInt8] { [] }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> UInt16 {
    var offset = 0
    return try data.word(at: &offset)
  }
}
