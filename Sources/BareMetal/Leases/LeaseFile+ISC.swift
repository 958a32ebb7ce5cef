import Wire

// ISC dhcpd's leases (dhcpd.leases(5)), of which these statements tell us something:
//
//   lease 10.0.0.5 {
//     ends 5 2026/11/27 03:33:41;             # or "ends never;", "ends epoch 1764210821;"
//     binding state active;                   # abandoned: somebody declined it; anything else: nobody's
//     hardware ethernet 52:54:00:12:34:56;
//     uid "\001RT\000\0224V";                 # or 01:52:54:…
//     client-hostname "node1";
//   }
extension LeaseFile {
  mutating func readISC(_ bytes: [UInt8]) {
    var scanner = ISCScanner(bytes)
    while let token = scanner.next() {
      guard case .word("lease") = token.value else {
        scanner.skipStatement(after: token)
        continue
      }
      readISCLease(&scanner, token.line)
    }
  }

  private mutating func readISCLease(_ scanner: inout ISCScanner, _ line: Int) {
    guard case .word(let name) = scanner.next()?.value, let address = IPv4Address(name) else {
      report(line, "a lease of no IPv4 address")
      return scanner.skipBlock()
    }
    guard scanner.next()?.value == .open else {
      report(line, "lease \(address) has no block")
      return scanner.skipBlock()
    }
    var record = ISCRecord()
    while let first = scanner.next() {
      guard first.value != .close else {
        return take(record, of: address, line)
      }
      var words = [first.value]
      var isBlock = false
      while let token = scanner.next(), token.value != .semicolon {
        if token.value == .open {
          scanner.skipBlock(depth: 1)
          isBlock = true
          break
        }
        guard token.value != .close, words.count < 64 else {
          report(token.line, "lease \(address): a statement without its ';'")
          if token.value != .close { scanner.skipBlock(depth: 1) }
          return
        }
        words.append(token.value)
      }
      if !isBlock, let problem = record.take(words) {
        report(first.line, "lease \(address): \(problem)")
        return scanner.skipBlock(depth: 1)
      }
    }
    report(line, "lease \(address) has no end: the file was cut off")
  }

  private mutating func take(_ record: ISCRecord, of address: IPv4Address, _ line: Int) {
    guard record.state == "active" || record.state == "abandoned" else { return end(address) }
    let isDeclined = record.state == "abandoned"
    let client = Self.client(record.mac, record.identifier)
    guard isDeclined || client != nil else {
      return report(line, "lease \(address) has neither a hardware address of Ethernet's nor a uid")
    }
    guard let expires = record.ends else { return report(line, "lease \(address) does not say when it ends") }
    add(
      Lease(
        address: address, client: client ?? [], mac: record.mac ?? .zero, hostname: record.hostName,
        state: isDeclined ? .declined : .bound, expires: min(expires, Self.never)),
      line: line)
  }

  static func iscText(of leases: [Lease], now: Timestamp) -> String {
    var text = "# Written by siderite for ISC dhcpd.\n"
    for lease in leases {
      text += "lease \(lease.address) {\n  starts epoch \(now.seconds);\n"
      text += lease.expires >= never ? "  ends never;\n" : "  ends epoch \(lease.expires.seconds);\n"
      text += "  binding state \(lease.state == .bound ? "active" : "abandoned");\n  next binding state free;\n"
      if lease.state == .bound {
        if lease.mac != .zero { text += "  hardware ethernet \(lease.mac);\n" }
        if let identifier = identifier(of: lease) { text += "  uid \(colonText(identifier));\n" }
        if let name = lease.hostname { text += "  client-hostname \"\(name)\";\n" }
      }
      text += "}\n"
    }
    return text
  }
}

/// What the statements of one lease say.
private struct ISCRecord {
  var ends: Timestamp?
  /// Files of old versions have none.
  var state = "active"
  var mac: MACAddress?
  var identifier: [UInt8]?
  var hostName: String?

  /// Takes a statement; says what is wrong with it.
  mutating func take(_ words: [ISCScanner.Value]) -> String? {
    let texts = words.map(\.text)
    switch texts[0] {
    case "ends":
      ends = Self.time(texts.dropFirst())
      return ends == nil ? "'\(texts.joined(separator: " ").prefix(60))' is no time" : nil
    case "binding" where texts.count == 3 && texts[1] == "state": state = texts[2]
    case "hardware" where texts.count == 3 && texts[1] == "ethernet":
      mac = LeaseFile.colonBytes(texts[2]).flatMap { bytes in
        bytes.count == 6 ? MACAddress(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) }) : nil
      }
      return mac == nil ? "'\(texts[2].prefix(40))' is no hardware address" : nil
    case "uid" where texts.count == 2:
      if case .string(let bytes) = words[1] { identifier = bytes } else { identifier = LeaseFile.colonBytes(texts[1]) }
      return identifier == nil ? "its uid cannot be read" : nil
    case "client-hostname" where texts.count == 2: hostName = LeaseFile.hostName(texts[1])
    default: break
    }
    return nil
  }

  /// `5 2026/11/27 03:33:41`, `epoch 1764210821`, `never`: UTC, the first a day of the week.
  private static func time(_ words: ArraySlice<String>) -> Timestamp? {
    if words == ["never"] { return LeaseFile.never }
    var seconds: Int64?
    if words.count == 2, words.first == "epoch", let last = words.last {
      seconds = Int64(last)
    } else if words.count == 3, let last = words.last {
      let date = words[words.startIndex + 1].split(separator: "/").joined(separator: "-")
      seconds = Timestamp(rfc3339: "\(date)T\(last)Z")?.seconds
    }
    return seconds.flatMap { (0...0x2_0000_0000).contains($0) ? Timestamp(seconds: $0) : nil }
  }
}

/// The words of a file of ISC's.
private struct ISCScanner {
  enum Value: Hashable {
    case word(String)
    /// What stood in quotes, its escapes resolved.
    case string([UInt8])
    case semicolon
    case open
    case close

    var text: String {
      switch self {
      case .word(let text): text
      case .string(let bytes): String(decoding: bytes, as: UTF8.self)
      case .semicolon: ";"
      case .open: "{"
      case .close: "}"
      }
    }
  }

  private let bytes: [UInt8]
  private var offset = 0
  private var line = 1

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> (value: Value, line: Int)? {
    while offset < bytes.count {
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\n"):
        line += 1
        offset += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): offset += 1
      case UInt8(ascii: "#"):
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") { offset += 1 }
      case UInt8(ascii: ";"), UInt8(ascii: "{"), UInt8(ascii: "}"):
        offset += 1
        return (byte == UInt8(ascii: ";") ? .semicolon : byte == UInt8(ascii: "{") ? .open : .close, line)
      case UInt8(ascii: "\""):
        offset += 1
        return (.string(quoted()), line)
      default: return (.word(word()), line)
      }
    }
    return nil
  }

  private mutating func word() -> String {
    let start = offset
    while offset < bytes.count {
      switch bytes[offset] {
      case 0...0x20, UInt8(ascii: ";"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\""), UInt8(ascii: "#"):
        // A control character that begins a word is one.
        if offset > start { return String(decoding: bytes[start..<offset], as: UTF8.self) }
        offset += 1
      default: offset += 1
      }
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  /// Up to the closing quote: `\"`, `\\`, and three octal digits for any byte.
  private mutating func quoted() -> [UInt8] {
    var value: [UInt8] = []
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
      var byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\n") { line += 1 }
      if byte == UInt8(ascii: "\\"), offset < bytes.count {
        let digits = bytes[offset...].prefix(3).prefix { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
        if digits.count == 3 {
          byte = UInt8(truncatingIfNeeded: digits.reduce(0) { $0 << 3 | Int($1 & 7) })
          offset += 3
        } else {
          byte = bytes[offset]
          offset += 1
        }
      }
      value.append(byte)
    }
    offset += 1
    return value
  }

  /// To the end of a statement that means nothing to us: its `;`, or the end of its block.
  mutating func skipStatement(after first: (value: Value, line: Int)) {
    if first.value == .open { return skipBlock(depth: 1) }
    guard first.value != .semicolon, first.value != .close else { return }
    while let token = next() {
      switch token.value {
      case .semicolon, .close: return
      case .open: return skipBlock(depth: 1)
      case .word, .string: continue
      }
    }
  }

  /// To the end of the block that begins next (`depth` 0), or that one is in.
  mutating func skipBlock(depth: Int = 0) {
    var depth = depth
    while let token = next() {
      switch token.value {
      case .open: depth += 1
      case .close:
        depth -= 1
        if depth <= 0 { return }
      case .semicolon where depth == 0: return
      case .semicolon, .word, .string: continue
      }
    }
  }
}
