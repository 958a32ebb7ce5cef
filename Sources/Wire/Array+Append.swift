extension Array where Element == UInt8 {
  /// Appends two bytes in network order.
  public mutating func append(bigEndian value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  /// Appends four bytes in network order.
  public mutating func append(bigEndian value: UInt32) {
    append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
    append(bigEndian: UInt16(truncatingIfNeeded: value))
  }

  /// Appends two bytes, least significant first.
  public mutating func append(littleEndian value: UInt16) { append(bigEndian: value.byteSwapped) }

  /// Appends four bytes, least significant first.
  public mutating func append(littleEndian value: UInt32) { append(bigEndian: value.byteSwapped) }

  /// Appends a hardware address.
  public mutating func append(_ address: MACAddress) {
    append(bigEndian: UInt16(truncatingIfNeeded: address.rawValue >> 32))
    append(bigEndian: UInt32(truncatingIfNeeded: address.rawValue))
  }

  /// Appends an IPv4 address.
  public mutating func append(_ address: IPv4Address) { append(bigEndian: address.rawValue) }

  /// Appends every byte of a span.
  public mutating func append(contentsOf bytes: Span<UInt8>) {
    reserveCapacity(count + bytes.count)
    for index in bytes.indices { append(bytes[index]) }
  }
}
