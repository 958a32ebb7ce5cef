import Wire

extension DHCPPacket {
  /// The fixed part: header and magic cookie.
  static let headerSize = 240

  /// The smallest message that is sent: BOOTP's 300 bytes (RFC 1542 §2.1); some relays and ROMs drop shorter ones.
  static let minimumSize = 300

  /// The largest message that is read, in bytes. Senders keep to one Ethernet frame; the bound keeps the work that
  /// one datagram can cause small.
  public static let maximumSize = 4096

  /// 63 82 53 63 (RFC 2131 §3).
  private static let magicCookie: UInt32 = 0x6382_5363

  /// Reads a message from a UDP payload.
  public init(parsing bytes: Span<UInt8>) throws(DHCPParseError) {
    guard bytes.count <= Self.maximumSize else { throw .oversized(bytes.count) }
    var offset = 0
    let op: UInt8
    let serverName: Range<Int>
    let file: Range<Int>
    let cookie: UInt32
    do throws(WireError) {
      op = try bytes.readUInt8(at: &offset)
      let hardwareType = try bytes.readUInt8(at: &offset)
      let hardwareLength = try bytes.readUInt8(at: &offset)
      hops = try bytes.readUInt8(at: &offset)
      transactionID = TransactionID(rawValue: try bytes.readUInt32(at: &offset))
      seconds = try bytes.readUInt16(at: &offset)
      flags = try bytes.readUInt16(at: &offset)
      clientAddress = try bytes.readIPv4Address(at: &offset)
      yourAddress = try bytes.readIPv4Address(at: &offset)
      nextServer = try bytes.readIPv4Address(at: &offset)
      relayAgent = try bytes.readIPv4Address(at: &offset)
      let high =
        UInt64(try bytes.readUInt32(at: &offset)) << 32 | UInt64(try bytes.readUInt32(at: &offset))
      let low =
        UInt64(try bytes.readUInt32(at: &offset)) << 32 | UInt64(try bytes.readUInt32(at: &offset))
      clientHardware = HardwareAddress(
        type: hardwareType, length: hardwareLength, high: high, low: low)
      serverName = try bytes.readRange(64, at: &offset)
      file = try bytes.readRange(128, at: &offset)
      cookie = try bytes.readUInt32(at: &offset)
    } catch {
      throw .truncated(error)
    }
    guard let operation = Operation(rawValue: op) else { throw .badOperation(op) }
    guard clientHardware.length <= 16 else { throw .badHardwareLength(clientHardware.length) }
    guard cookie == Self.magicCookie else { throw .badMagicCookie(cookie) }
    self.operation = operation

    let overload: DHCPOptions.Overload
    (options, overload) = try DHCPOptions.parse(
      bytes.extracting(offset..<bytes.count), file: bytes.extracting(file),
      serverName: bytes.extracting(serverName))
    self.serverName = overload.serverName ? [] : Self.text(bytes.extracting(serverName))
    self.bootFile = overload.file ? [] : Self.text(bytes.extracting(file))
  }

  /// The bytes before the first NUL; none, and nothing allocated, when the field is empty.
  private static func text(_ field: Span<UInt8>) -> [UInt8] {
    var end = 0
    while end < field.count, field[end] != 0 { end += 1 }
    return end == 0 ? [] : field.extracting(0..<end).bytesCopied
  }

  /// The number of bytes ``serialize(into:)`` appends.
  public var serializedSize: Int {
    max(Self.headerSize + options.serializedCount, Self.minimumSize)
  }

  /// Appends the message, padded to 300 bytes. `sname` and `file` are cut to 64 and 128 bytes.
  public func serialize(into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.reserveCapacity(start + serializedSize)
    bytes.append(operation.rawValue)
    bytes.append(clientHardware.type)
    bytes.append(clientHardware.length)
    bytes.append(hops)
    bytes.append(bigEndian: transactionID.rawValue)
    bytes.append(bigEndian: seconds)
    bytes.append(bigEndian: flags)
    bytes.append(clientAddress)
    bytes.append(yourAddress)
    bytes.append(nextServer)
    bytes.append(relayAgent)
    clientHardware.append(to: &bytes)
    Self.append(serverName, paddedTo: 64, to: &bytes)
    Self.append(bootFile, paddedTo: 128, to: &bytes)
    bytes.append(bigEndian: Self.magicCookie)
    options.serialize(into: &bytes)
    let missing = Self.minimumSize - (bytes.count - start)
    if missing > 0 { bytes.append(contentsOf: repeatElement(0, count: missing)) }
  }

  private static func append(_ field: [UInt8], paddedTo count: Int, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: field.prefix(count))
    bytes.append(contentsOf: repeatElement(0, count: max(0, count - field.count)))
  }

  /// Drops options from the end until the message fits `size` bytes, and keeps those that `isRequired`.
  mutating func fit(_ size: Int, keeping isRequired: (OptionCode) -> Bool) {
    while serializedSize > size, options.removeLast(where: { !isRequired($0) }) {}
  }
}
