import Wire

/// Part of an event record, for BMCs that refuse to send it whole. IPMI v2.0 §31.5, NetFn Storage, command 43h.
public struct GetSELEntryPart: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x43

  public var reservation: UInt16
  public var record: UInt16
  /// 0…15
  public var offset: UInt8
  public var count: UInt8

  public init(reservation: UInt16, record: UInt16, offset: UInt8, count: UInt8) {
    self.reservation = reservation
    self.record = record
    self.offset = offset
    self.count = count
  }

  public var requestData: [UInt8] {
    var bytes = [UInt8]()
    bytes.append(littleEndian: reservation)
    bytes.append(littleEndian: record)
    return bytes + [offset, count]
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> GetSDR.Response {
    var offset = 0
    let next = try data.word(at: &offset)
    let bytes = data.rest(at: &offset)
    guard bytes.count <= Int(count) else { throw .length(field: "event record", value: bytes.count) }
    return GetSDR.Response(next: next, data: bytes)
  }
}
