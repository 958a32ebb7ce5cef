import Wire

/// Part of a sensor data record. IPMI v2.0 §33.12, NetFn Storage, command 23h.
public struct GetSDR: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x23

  public static let first: UInt16 = 0x0000
  /// As a record's `next`: there is none.
  public static let last: UInt16 = 0xffff

  /// 0 when the record is read whole from offset 0.
  public var reservation: UInt16
  public var record: UInt16
  public var offset: UInt8

  /// BMCs that cannot return so many answer 0xCA: read in parts of 16. 0xFF: the whole record.
  public var count: UInt8

  public init(reservation: UInt16 = 0, record: UInt16, offset: UInt8 = 0, count: UInt8 = 0xff) {
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

  public struct Response: Hashable, Sendable {
    public var next: UInt16
    public var data: [UInt8]
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let next = try data.word(at: &offset)
    let bytes = data.rest(at: &offset)
    guard bytes.count <= Int(count) else { throw .length(field: "SDR data", value: bytes.count) }
    return Response(next: next, data: bytes)
  }
}
