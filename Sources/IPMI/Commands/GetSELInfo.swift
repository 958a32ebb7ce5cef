import Wire

/// How full the system event log is. IPMI v2.0 §31.2, NetFn Storage, command 40h.
public struct GetSELInfo: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x40

  public init() {}
  public var requestData: [UInt8] { [] }

  public struct Response: Hashable, Sendable {
    public var entries: Int
    public var freeBytes: Int
    /// Seconds since 1970; `nil` before anything was added.
    public var lastAddition: UInt32?
    public var lastErase: UInt32?
    public var supportsReservation: Bool
    /// Events were lost because the log is full.
    public var hasOverflowed: Bool
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 1
    let entries = try data.word(at: &offset)
    let free = try data.word(at: &offset)
    let addition = try data.doubleWord(at: &offset)
    let erase = try data.doubleWord(at: &offset)
    let support = try data.byte(at: &offset)
    return Response(
      entries: Int(entries), freeBytes: Int(free), lastAddition: addition == .max ? nil : addition,
      lastErase: erase == .max ? nil : erase, supportsReservation: support & 0x02 != 0,
      hasOverflowed: support & 0x80 != 0)
  }
}
