public import Wire

/// The options of a DHCP message (RFC 2132), in the order they came, unknown ones included.
///
/// An option that came in several pieces reads as one (RFC 3396), and one longer than 255 bytes is written in several.
/// The bytes of all options stand in one array, copied once from the datagram; an option's value is a slice of it.
public struct DHCPOptions: Sendable {
  private struct Entry {
    var code: OptionCode
    var start: Int32
    var count: Int32

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
  }

  private var storage: [UInt8]
  private var entries: [Entry]

  /// No options.
  public init() {
    storage = []
    entries = []
  }

  /// Makes room for the options of a usual message.
  mutating func reserveCapacity() {
    storage.reserveCapacity(320)
    entries.reserveCapacity(24)
  }

  /// The number of options.
  public var count: Int { entries.count }

  /// The codes in order.
  public var codes: some Collection<OptionCode> { entries.lazy.map(\.code) }

  /// An option's value; `nil` if the option is not there. Setting a value keeps the option's place, a new option goes
  /// last, `nil` removes.
  public subscript(code: OptionCode) -> ArraySlice<UInt8>? {
    get {
      for entry in entries where entry.code == code { return storage[entry.range] }
      return nil
    }
    set {
      guard let newValue else {
        entries.removeAll { $0.code == code }
        return
      }
      set(code, newValue)
    }
  }

  /// Whether the option is there.
  public func contains(_ code: OptionCode) -> Bool { entries.contains { $0.code == code } }

  /// Sets an option's value in its place, or last if it is new. Pad and end are no options and are not taken.
  public mutating func set(_ code: OptionCode, _ value: some Collection<UInt8>) {
    guard value.count <= 0xffff else { return }
    let start = storage.count
    storage.append(contentsOf: value)
    enter(code, from: start)
  }

  /// The option's value is what the storage has from `start` on.
  private mutating func enter(_ code: OptionCode, from start: Int) {
    guard code != .pad, code != .end else { return }
    let entry = Entry(
      code: code, start: Int32(truncatingIfNeeded: start),
      count: Int32(truncatingIfNeeded: storage.count - start))
    if let index = entries.firstIndex(where: { $0.code == code }) {
      entries[index] = entry
    } else {
      entries.append(entry)
    }
  }

  /// Sets a one-byte option.
  public mutating func set(_ code: OptionCode, _ value: UInt8) { set(code, CollectionOfOne(value)) }

  /// Sets a two-byte option, network order.
  public mutating func set(_ code: OptionCode, _ value: UInt16) {
    let start = storage.count
    storage.append(bigEndian: value)
    enter(code, from: start)
  }

  /// Sets a four-byte option, network order.
  public mutating func set(_ code: OptionCode, _ value: UInt32) {
    let start = storage.count
    storage.append(bigEndian: value)
    enter(code, from: start)
  }

  /// Sets an option that holds one address.
  public mutating func set(_ code: OptionCode, _ value: IPv4Address) { set(code, value.rawValue) }

  /// Sets an option that holds addresses.
  public mutating func set(_ code: OptionCode, _ values: [IPv4Address]) {
    let start = storage.count
    for value in values { storage.append(value) }
    enter(code, from: start)
  }

  /// Sets an option that holds text: UTF-8, no terminator.
  public mutating func set(_ code: OptionCode, _ value: String) { set(code, value.utf8) }

  /// Takes the last option out that `isDroppable`, and says whether there was one.
  mutating func removeLast(where isDroppable: (OptionCode) -> Bool) -> Bool {
    guard let index = entries.lastIndex(where: { isDroppable($0.code) }) else { return false }
    entries.remove(at: index)
    return true
  }

  // MARK: Typed values. `nil` when the option is missing or its length does not fit the type.

  /// A one-byte value.
  public func uint8(_ code: OptionCode) -> UInt8? {
    guard let value = self[code], value.count == 1 else { return nil }
    return value.first
  }

  /// A two-byte value.
  public func uint16(_ code: OptionCode) -> UInt16? {
    guard let value = self[code], value.count == 2 else { return nil }
    return value.reduce(0) { $0 << 8 | UInt16($1) }
  }

  /// A four-byte value.
  public func uint32(_ code: OptionCode) -> UInt32? {
    guard let value = self[code], value.count == 4 else { return nil }
    return value.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// One address.
  public func address(_ code: OptionCode) -> IPv4Address? { uint32(code).map { IPv4Address(rawValue: $0) } }

  /// Addresses: at least one, and nothing left over.
  public func addresses(_ code: OptionCode) -> [IPv4Address]? {
    guard let value = self[code], !value.isEmpty, value.count.isMultiple(of: 4) else { return nil }
    return stride(from: value.startIndex, to: value.endIndex, by: 4).map { start in
      IPv4Address(rawValue: value[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) })
    }
  }

  /// Text without the NULs that some clients put behind it; bytes that are not UTF-8 become U+FFFD.
  public func text(_ code: OptionCode) -> String? {
    guard let value = self[code] else { return nil }
    return String(decoding: value.prefix { $0 != 0 }, as: UTF8.self)
  }
}

extension DHCPOptions: Hashable {
  /// Equal when the same options stand in the same order.
  public static func == (one: DHCPOptions, other: DHCPOptions) -> Bool {
    one.entries.count == other.entries.count
      && zip(one.entries, other.entries).allSatisfy { mine, theirs in
        mine.code == theirs.code && one.storage[mine.range] == other.storage[theirs.range]
      }
  }

  public func hash(into hasher: inout Hasher) {
    for entry in entries {
      hasher.combine(entry.code)
      hasher.combine(storage[entry.range])
    }
  }
}

extension DHCPOptions: Sequence {
  /// Every option in order.
  public func makeIterator() -> AnyIterator<(code: OptionCode, value: ArraySlice<UInt8>)> {
    var index = 0
    return AnyIterator {
      guard index < entries.count else { return nil }
      defer { index += 1 }
      return (entries[index].code, storage[entries[index].range])
    }
  }
}

// MARK: - The wire

extension DHCPOptions {
  /// Which header fields hold options instead of what they are named for (option 52, RFC 2132 §9.3).
  struct Overload {
    var file = false
    var serverName = false
  }

  /// Reads the options area.
  ///
  /// `file` and `sname` are the header fields that option 52 may declare to hold further options (RFC 2131 §4.1),
  /// read in this order (RFC 3396 §5); what was declared comes back, and option 52 itself is not kept.
  /// A missing end option is forgiven: the area's end will do.
  static func parse(
    _ area: Span<UInt8>, file: Span<UInt8>, serverName: Span<UInt8>
  ) throws(DHCPParseError) -> (DHCPOptions, Overload) {
    var options = DHCPOptions()
    options.entries.reserveCapacity(16)
    try options.append(area: area)
    guard let value = options.uint8(.overload) else {
      options[.overload] = nil
      return (options, Overload())
    }
    let overload = Overload(file: value & 1 != 0, serverName: value & 2 != 0)
    if overload.file { try options.append(area: file) }
    if overload.serverName { try options.append(area: serverName) }
    options[.overload] = nil
    return (options, overload)
  }

  private mutating func append(area: Span<UInt8>) throws(DHCPParseError) {
    let start = storage.count
    storage.append(contentsOf: area)
    try readEntries(from: start)
  }

  private mutating func readEntries(from start: Int) throws(DHCPParseError) {
    let end = storage.count
    var offset = start
    while offset < end {
      let code = OptionCode(rawValue: storage[offset])
      if code == .end { return }
      if code == .pad {
        offset += 1
        continue
      }
      guard offset + 1 < end else {
        throw .truncatedOption(code, offset: offset - start, needed: 2, available: 1)
      }
      let count = Int(storage[offset + 1])
      guard offset + 2 + count <= end else {
        throw .truncatedOption(code, offset: offset - start, needed: 2 + count, available: end - offset)
      }
      add(code, offset + 2..<offset + 2 + count)
      offset += 2 + count
    }
  }

  /// Takes up a value that stands in the storage; joins it to an earlier piece of the same option.
  private mutating func add(_ code: OptionCode, _ range: Range<Int>) {
    let entry = Entry(
      code: code, start: Int32(truncatingIfNeeded: range.lowerBound), count: Int32(truncatingIfNeeded: range.count))
    guard let index = entries.firstIndex(where: { $0.code == code }) else {
      entries.append(entry)
      return
    }
    let joined = storage[entries[index].range] + storage[range]
    entries[index].start = Int32(truncatingIfNeeded: storage.count)
    entries[index].count = Int32(truncatingIfNeeded: joined.count)
    storage.append(contentsOf: joined)
  }

  /// The number of bytes ``serialize(into:)`` appends.
  var serializedCount: Int {
    entries.reduce(1) { $0 + Int($1.count) + 2 * Swift.max(1, (Int($1.count) + 254) / 255) }
  }

  /// Appends the options and the end option. A value longer than 255 bytes goes out in adjacent pieces (RFC 3396).
  func serialize(into bytes: inout [UInt8]) {
    for entry in entries {
      var rest = storage[entry.range]
      repeat {
        let piece = rest.prefix(255)
        rest = rest.dropFirst(255)
        bytes.append(entry.code.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: piece.count))
        bytes.append(contentsOf: piece)
      } while !rest.isEmpty
    }
    bytes.append(OptionCode.end.rawValue)
  }
}
