/// The address of a BMC, as it was given.
struct HostAddress: Hashable {
  /// An IPv4 or IPv6 address, or a name.
  var host: String
  var port: UInt16?

  /// `10.0.0.7`, `10.0.0.7:6230`, `[fe80::1]:6230`
  var text: String {
    guard let port else { return host }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// Addresses with ranges: `10.0.0.[1-100]`, `bmc[01-20].rack3`, `127.0.0.1:[9001-9100]`, `[2001:db8::7]:623`; several with
/// commas.
enum HostPattern {
  /// Addresses of one command: more is a mistake in a range.
  static let maximum = 65_536

  /// Why a text names no addresses.
  struct Failure: Error, Equatable, CustomStringConvertible {
    var description: String
  }

  /// Every address, in order, each once.
  static func expand(_ texts: [String]) throws(Failure) -> [HostAddress] {
    var hosts: [HostAddress] = []
    var seen: Set<HostAddress> = []
    for text in texts {
      for part in parts(text) {
        for host in try expand(part) where seen.insert(host).inserted { hosts.append(host) }
        guard hosts.count <= maximum else { throw tooMany }
      }
    }
    return hosts
  }

  private static let tooMany = Failure(description: "more than \(maximum) addresses: give fewer at a time")

  private static func expand(_ text: String) throws(Failure) -> [HostAddress] {
    let bad = Failure(
      description: "'\(text)' is no address: write 10.0.0.7, bmc7.example:623, [2001:db8::7]:623, 10.0.0.[1-100] or "
        + "127.0.0.1:[9001-9100]")
    var (host, port) = (Substring(text), Substring?.none)
    if text.first == "[", let end = text.firstIndex(of: "]"), text[..<end].contains(":") {
      // An IPv6 address in brackets.
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.first == ":" else { throw bad }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
      (host, port) = (text[..<colon], text[text.index(after: colon)...])
    }
    guard !host.isEmpty, host.allSatisfy({ isPlain($0) }) else { throw bad }
    let hosts = host.contains(":") ? [String(host)] : try ranges(host, bad)
    guard hosts.allSatisfy({ !$0.contains("[") && !$0.contains("]") }) else { throw bad }
    guard let port else { return hosts.map { HostAddress(host: $0) } }
    let ports = try ranges(port, bad).compactMap { UInt16($0) }.filter { $0 > 0 }
    guard !ports.isEmpty, ports.count == (try ranges(port, bad)).count else { throw bad }
    guard hosts.count * ports.count <= maximum else { throw tooMany }
    return hosts.flatMap { host in ports.map { HostAddress(host: host, port: $0) } }
  }

  /// Writes out every `[1-3,7]`, the first one changing slowest.
  private static func ranges(_ text: Substring, _ bad: Failure) throws(Failure) -> [String] {
    guard let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") else {
      return [String(text)]
    }
    var numbers: [String] = []
    for range in text[text.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false) {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count <= 2, let first = ends.first.flatMap({ UInt32($0) }),
        let last = ends.last.flatMap({ UInt32($0) }),
        first <= last, last - first < maximum
      else { throw bad }
      // Leading zeros are kept: bmc[01-20] has bmc01.
      let width = ends[0].first == "0" ? ends[0].count : 0
      numbers += (first...last).map { number in
        let digits = String(number)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
      }
    }
    let rest = try ranges(text[text.index(after: close)...], bad)
    guard numbers.count * rest.count <= maximum else { throw tooMany }
    return numbers.flatMap { number in rest.map { text[..<open] + number + $0 } }
  }

  /// Cut at commas that are not in brackets.
  private static func parts(_ text: String) -> [String] {
    var parts = [""]
    var isInside = false
    for character in text {
      if character == ",", !isInside {
        parts.append("")
        continue
      }
      if character == "[" { isInside = true }
      if character == "]" { isInside = false }
      parts[parts.count - 1].append(character)
    }
    return parts
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || ".-_:%[],".contains(character))
  }
}
