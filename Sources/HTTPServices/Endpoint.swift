public import Wire

/// An address and a TCP port.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  public var address: IPv4Address
  public var port: UInt16

  public init(address: IPv4Address, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads `10.0.0.1:8081`, or `10.0.0.1` with `defaultPort`; `nil` for anything else, host names included.
  public init?(_ text: some StringProtocol, defaultPort: UInt16) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let host = parts.first, let address = IPv4Address(host) else { return nil }
    guard parts.count == 2 else {
      self.init(address: address, port: defaultPort)
      return
    }
    guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(parts[1]), port > 0 else {
      return nil
    }
    self.init(address: address, port: port)
  }

  /// `10.0.0.1:8081`
  public var description: String { "\(address):\(port)" }
}
