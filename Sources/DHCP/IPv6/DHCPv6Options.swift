import Wire

/// Options as they stand in a message or in another option, in their order (RFC 8415 §21.1):
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-------------------------------+-------------------------------+
/// |          option-code          |           option-len          |
/// +-------------------------------+-------------------------------+
/// |                  option-data (option-len bytes)               |
/// +---------------------------------------------------------------+
/// ```
/// Both numbers in network order. Unknown options are kept; one number may stand several times.
public struct DHCPv6Options: Hashable, Sendable {
  /// Options of one message or option at most: firmware sends about ten.
  public static let limit = 128

  /// One option.
  public struct Element: Hashable, Sendable {
    public var code: DHCPv6OptionCode
    public var value: [UInt8]

    public init(code: DHCPv6OptionCode, value: [UInt8]) {
      self.code = code
      self.value = value
    }
  }

  public private(set) var elements: [Element]

  /// None.
  public init() { elements = [] }

  /// Reads options to the last byte.
  public init(parsing bytes: Span<UInt8>) throws(DHCPv6ParseError) {
    var elements: [Element] = []
    var offset = 0
    while offset < bytes.count {
      guard bytes.count - offset >= 4 else { throw .trailingBytes(offset: offset) }
      guard elements.count < Self.limit else { throw .tooManyOptions }
      let start = offset
      do throws(WireError) {
        let code = DHCPv6OptionCode(rawValue: try bytes.readUInt16(at: &offset))
        let length = Int(try bytes.readUInt16(at: &offset))
        guard length <= bytes.count - offset else {
          throw .truncated(offset: start, needed: length, available: bytes.count - offset)
        }
        elements.append(Element(code: code, value: try bytes.readBytes(length, at: &offset)))
      } catch {
        guard case .truncated(_, let needed, let available) = error else { throw .truncated(error) }
        let code = DHCPv6OptionCode(rawValue: UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1]))
        throw .truncatedOption(code, offset: start, needed: needed, available: available)
      }
    }
    self.elements = elements
  }

  /// The value of the first option of that number.
  public subscript(code: DHCPv6OptionCode) -> [UInt8]? { elements.first { $0.code == code }?.value }

  /// The values of every option of that number.
  public func all(_ code: DHCPv6OptionCode) -> [[UInt8]] { elements.filter { $0.code == code }.map(\.value) }

  /// Whether there is one.
  public func contains(_ code: DHCPv6OptionCode) -> Bool { elements.contains { $0.code == code } }

  /// Adds one at the end.
  public mutating func append(_ code: DHCPv6OptionCode, _ value: [UInt8]) {
    elements.append(Element(code: code, value: value))
  }

  /// Writes them; a value too long for its length field (64 KiB, which we never make) is left out.
  public func serialize(into bytes: inout [UInt8]) {
    for element in elements where element.value.count <= UInt16.max {
      bytes.append(bigEndian: element.code.rawValue)
      bytes.append(bigEndian: UInt16(element.value.count))
      bytes += element.value
    }
  }

  /// Strings, each behind its length in two bytes (options 15, 16 and 60); `nil` if the last one is not whole.
  static func strings(_ value: some Collection<UInt8>) -> [[UInt8]]? {
    var strings: [[UInt8]] = []
    var rest = Array(value)[...]
    while !rest.isEmpty {
      guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
      let length = Int(high) << 8 | Int(low)
      guard rest.count >= length else { return nil }
      strings.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return strings
  }

  /// The same the other way; strings are cut at 64 KiB.
  static func bytes(ofStrings strings: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for string in strings {
      let string = string.prefix(Int(UInt16.max))
      bytes.append(bigEndian: UInt16(string.count))
      bytes += string
    }
    return bytes
  }
}
