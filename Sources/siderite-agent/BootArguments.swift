import Wire

/// What the kernel command line tells the agent; the names are Sidero's.
struct BootArguments: Equatable, Sendable {
  /// `sidero.mac=`: the NIC the machine booted from.
  var mac: MACAddress?
  /// `sidero.endpoint=ADDRESS:PORT`: where to report.
  var endpoint: Endpoint?
  /// The text of an endpoint that could not be read.
  var unreadableEndpoint: String?

  /// A numeric address and a TCP port: there is no resolver in the initramfs.
  struct Endpoint: Equatable, Sendable, CustomStringConvertible {
    var address: IPAddress
    var port: UInt16

    /// Reads `10.0.0.1:8081` and `[fd77::1]:8081`.
    init?(_ text: some StringProtocol) {
      guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
        return nil
      }
      let host = text[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") {
        guard let address = IPv6Address(host.dropFirst().dropLast()) else { return nil }
        self.address = .v6(address)
      } else {
        guard let address = IPv4Address(host) else { return nil }
        self.address = .v4(address)
      }
      self.port = port
    }

    var description: String { "\(address.urlHost):\(port)" }
  }

  /// Reads `/proc/cmdline`. As in the kernel, the last of several arguments of one name counts.
  init(commandLine: String) {
    for argument in commandLine.split(whereSeparator: \.isWhitespace) {
      let parts = argument.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "sidero.mac": mac = MACAddress(parts[1]) ?? mac
      case "sidero.endpoint":
        endpoint = Endpoint(parts[1])
        unreadableEndpoint = endpoint == nil ? String(parts[1]) : nil
      default: continue
      }
    }
  }
}
