public import Wire

/// An address and a TCP port.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  public var address: IPAddress
  public var port: UInt16

  public init(address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads `10.0.0.1:8081` and `[fd77::1]:8081`, or the address alone (in brackets again) with `defaultPort`; `nil` for
  /// anything else, host names included.
  public init?(_ text: some StringProtocol, defaultPort: UInt16) {
    let host: IPAddress?
    let rest: String
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      host = IPv6Address(text[text.index(after: text.startIndex)..<end]).map { .v6($0) }
      rest = String(text[text.index(after: end)...])
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      host = IPv4Address(text[..<end]).map { .v4($0) }
      rest = String(text[end...])
    }
    guard let host else { return nil }
    guard !rest.isEmpty else {
      self.init(address: host, port: defaultPort)
      return
    }
    let digits = rest.dropFirst()
    guard rest.hasPrefix(":"), digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0
    else { return nil }
    self.init(address: host, port: port)
  }

  /// `10.0.0.1:8081`, `[fd77::1]:8081`
  public var description: String { "\(address.urlHost):\(port)" }
}
