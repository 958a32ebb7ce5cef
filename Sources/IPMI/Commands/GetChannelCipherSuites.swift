/// Which cipher suites a channel offers; answered outside of sessions. IPMI v2.0 §22.15, NetFn App, command 54h.
///
/// The list comes in pieces of 16 bytes: ask for index 0, 1, … until a piece is shorter, then
/// ``suites(in:)`` reads them joined. Some BMCs offer suites that they then refuse: it is a hint, not a promise.
public struct GetChannelCipherSuites: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x54

  public var channel: UInt8

  /// Which piece, 0…63.
  public var index: UInt8

  public init(channel: UInt8 = 0x0e, index: UInt8) {
    self.channel = channel
    self.index = index & 0x3f
  }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    channel = try data.byte(at: &offset) & 0x0f
    _ = try data.byte(at: &offset)
    index = try data.byte(at: &offset) & 0x3f
  }

  /// Payload type 0 (IPMI), and bit 7: list by cipher suite.
  public var requestData: [UInt8] { [channel & 0x0f, 0, 0x80 | index] }

  public struct Response: Hashable, Sendable {
    public var channel: UInt8
    /// At most 16 bytes; fewer in the last piece.
    public var records: [UInt8]

    public init(channel: UInt8 = 1, records: [UInt8]) {
      self.channel = channel
      self.records = records
    }

    public var isLast: Bool { records.count < 16 }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let channel = try data.byte(at: &offset)
    let records = data.rest(at: &offset)
    guard records.count <= 16 else { throw .length(field: "cipher suite records", value: records.count) }
    return Response(channel: channel, records: records)
  }

  public func responseData(_ response: Response) -> [UInt8] { [response.channel] + response.records }

  /// The numbers of the suites in joined records: `C0 id` or `C1 id OEM(3)`, each followed by algorithm bytes below
  /// 0xC0. Bytes that fit nowhere are passed over.
  public static func suites(in records: [UInt8]) -> [UInt8] {
    var identifiers = [UInt8]()
    var index = 0
    while index + 1 < records.count {
      switch records[index] {
      case 0xc0:
        identifiers.append(records[index + 1])
        index += 2
      case 0xc1: index += 5
      default: index += 1
      }
    }
    return identifiers
  }

  /// The records of suites spoken here.
  public static func records(of suites: [CipherSuite]) -> [UInt8] {
    suites.flatMap {
      [
        0xc0, $0.identifier, $0.authentication.rawValue, 0x40 | $0.integrity.rawValue,
        0x80 | $0.confidentiality.rawValue,
      ]
    }
  }
}
