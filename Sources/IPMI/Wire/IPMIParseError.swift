import Wire

/// Why bytes are not what IPMI says they should be.
public enum IPMIParseError: Error, Hashable, Sendable {
  /// The bytes end before the field that starts at `offset` does.
  case truncated(offset: Int, needed: Int, available: Int)

  /// Not RMCP version 1.0, or not with the sequence number 0xFF that IPMI uses.
  case notRMCP

  /// An RMCP class other than the one looked for.
  case wrongClass(UInt8)

  /// ASF with another IANA number than 4542, or another message type.
  case notPresence

  /// A session header whose authentication type is not read here.
  case authenticationType(AuthenticationType)

  /// A length field that does not match the bytes.
  case length(field: String, value: Int)

  /// One of an IPMI message's two checksums is wrong, or that of a FRU area or SDR.
  case checksum

  /// An integrity trailer or an encrypted payload with impossible padding.
  case padding

  /// A field with a value that cannot be.
  case value(field: String, Int)
}

extension IPMIParseError {
  init(_ error: WireError) {
    switch error {
    case .truncated(let offset, let needed, let available):
      self = .truncated(offset: offset, needed: needed, available: available)
    }
  }
}

/// Reads that throw this module's error. All numbers of several bytes in IPMI are sent least significant byte first.
extension Span where Element == UInt8 {
  func byte(at offset: inout Int) throws(IPMIParseError) -> UInt8 {
    do { return try readUInt8(at: &offset) } catch { throw IPMIParseError(error) }
  }

  func word(at offset: inout Int) throws(IPMIParseError) -> UInt16 {
    do { return try readLittleEndianUInt16(at: &offset) } catch { throw IPMIParseError(error) }
  }

  func doubleWord(at offset: inout Int) throws(IPMIParseError) -> UInt32 {
    do { return try readLittleEndianUInt32(at: &offset) } catch { throw IPMIParseError(error) }
  }

  func range(_ count: Int, at offset: inout Int) throws(IPMIParseError) -> Range<Int> {
    do { return try readRange(count, at: &offset) } catch { throw IPMIParseError(error) }
  }

  func bytes(_ count: Int, at offset: inout Int) throws(IPMIParseError) -> [UInt8] {
    extracting(try range(count, at: &offset)).bytesCopied
  }

  /// Everything from `offset` on.
  func rest(at offset: inout Int) -> [UInt8] {
    let start = Swift.min(Swift.max(0, offset), count)
    offset = count
    return extracting(start..<count).bytesCopied
  }

  /// The sum of all bytes, modulo 256: zero when a two's complement checksum is among them and right.
  var sum: UInt8 {
    var sum: UInt8 = 0
    for index in indices { sum &+= self[index] }
    return sum
  }
}
