/// Asks for the number that clearing the event log takes. IPMI v2.0 §31.4, NetFn Storage, command 42h.
public struct ReserveSEL: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x42

  public init() {}
  public var requestData: [UInt8] { [] }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> UInt16 {
    var offset = 0
    return try data.word(at: &offset)
  }
}
