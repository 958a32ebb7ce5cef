import Wire

/// One record of the event log, whole. IPMI v2.0 §31.5, NetFn Storage, command 43h.
public struct GetSELEntry: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x43

  public static let first: UInt16 = 0x0000
  /// As a record's `next`: there is none. As the record asked for: the last.
  public static let last: UInt16 = 0xffff

  public var record: UInt16

  /// Follow ``Response/next``; a log read while it is being cleared can lead in circles, so count against
  /// ``GetSELInfo/Response/entries``.
  public init(record: UInt16) { self.record = record }

  /// Reservation 0: whole records need none.
  public var requestData: [UInt8] {
    var bytes: [UInt8] = [0, 0]
    bytes.append(littleEndian: record)
    return bytes + [0, 0xff]
  }

  public struct Response: Hashable, Sendable {
    public var next: UInt16
    public var record: SELRecord
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(next: try data.word(at: &offset), record: try SELRecord(parsing: data, at: &offset))
  }
}

/// 16 bytes that say what happened. IPMI v2.0 §32.
///
/// ```
/// | ID:16 | type | time:32 | generator:16 | revision | sensor type | sensor | deassertion:1 event type:7 | data:3 |
/// ```
public struct SELRecord: Hashable, Sendable {
  public var identifier: UInt16

  /// 0x02: a system event, with the fields below; 0xC0…: a vendor's, whose 13 bytes are ``vendorData``.
  public var type: UInt8

  /// Seconds since 1970 by the BMC's clock; below 0x2000_0000 it counts from the BMC's start. `nil`: none.
  public var timestamp: UInt32?
  public var generator: UInt16 = 0
  public var sensorType: UInt8 = 0
  public var sensorNumber: UInt8 = 0
  public var eventType: UInt8 = 0
  public var isDeassertion = false
  public var eventData: [UInt8] = []
  public var vendorData: [UInt8] = []

  init(parsing bytes: Span<UInt8>, at offset: inout Int) throws(IPMIParseError) {
    let whole = try bytes.range(16, at: &offset)
    let record = bytes.extracting(whole)
    var field = 0
    identifier = try record.word(at: &field)
    type = try record.byte(at: &field)
    guard type < 0xc0 else {
      // 0xC0…0xDF begin with a time, 0xE0…0xFF do not.
      vendorData = record.rest(at: &field)
      return
    }
    let time = try record.doubleWord(at: &field)
    timestamp = time == 0 || time == .max ? nil : time
    generator = try record.word(at: &field)
    _ = try record.byte(at: &field)
    sensorType = try record.byte(at: &field)
    sensorNumber = try record.byte(at: &field)
    let event = try record.byte(at: &field)
    eventType = event & 0x7f
    isDeassertion = event & 0x80 != 0
    eventData = record.rest(at: &field)
  }
}
