extension Span where Element == UInt8 {
  /// Reserves the next `count` bytes at `offset`, moves the offset past them and returns where they stand.
  ///
  /// The one place that checks bounds: every other read goes through it, so a peer's length field can never reach
  /// outside the bytes that were received.
  public func readRange(_ count: Int, at offset: inout Int) throws(WireError) -> Range<Int> {
    let available = Swift.max(0, self.count - offset)
    guard offset >= 0, count >= 0, count <= available else {
      throw .truncated(offset: offset, needed: count, available: available)
    }
    let start = offset
    offset += count
    return start..<offset
  }

  /// Reads one byte.
  public func readUInt8(at offset: inout Int) throws(WireError) -> UInt8 {
    self[try readRange(1, at: &offset).lowerBound]
  }

  /// Reads two bytes in network order (most significant first).
  public func readUInt16(at offset: inout Int) throws(WireError) -> UInt16 {
    let start = try readRange(2, at: &offset).lowerBound
    return UInt16(self[start]) << 8 | UInt16(self[start + 1])
  }

  /// Reads four bytes in network order (most significant first).
  public func readUInt32(at offset: inout Int) throws(WireError) -> UInt32 {
    let start = try readRange(4, at: &offset).lowerBound
    return UInt32(self[start]) << 24 | UInt32(self[start + 1]) << 16 | UInt32(self[start + 2]) << 8
      | UInt32(self[start + 3])
  }

  /// Reads two bytes, least significant first (SMBIOS, IPMI).
  public func readLittleEndianUInt16(at offset: inout Int) throws(WireError) -> UInt16 {
    try readUInt16(at: &offset).byteSwapped
  }

  /// Reads four bytes, least significant first (SMBIOS, IPMI).
  public func readLittleEndianUInt32(at offset: inout Int) throws(WireError) -> UInt32 {
    try readUInt32(at: &offset).byteSwapped
  }

  /// Reads eight bytes, least significant first (SMBIOS).
  public func readLittleEndianUInt64(at offset: inout Int) throws(WireError) -> UInt64 {
    let low = try readLittleEndianUInt32(at: &offset)
    let high = try readLittleEndianUInt32(at: &offset)
    return UInt64(high) << 32 | UInt64(low)
  }

  /// Reads a hardware address.
  public func readMACAddress(at offset: inout Int) throws(WireError) -> MACAddress {
    let high = try readUInt16(at: &offset)
    let low = try readUInt32(at: &offset)
    return MACAddress(rawValue: UInt64(high) << 32 | UInt64(low))
  }

  /// Reads an IPv4 address.
  public func readIPv4Address(at offset: inout Int) throws(WireError) -> IPv4Address {
    IPv4Address(rawValue: try readUInt32(at: &offset))
  }

  /// Copies the next `count` bytes.
  public func readBytes(_ count: Int, at offset: inout Int) throws(WireError) -> [UInt8] {
    extracting(try readRange(count, at: &offset)).bytesCopied
  }

  /// The bytes as an array of their own.
  public var bytesCopied: [UInt8] {
    var copy = [UInt8]()
    copy.reserveCapacity(count)
    for index in indices { copy.append(self[index]) }
    return copy
  }
}
