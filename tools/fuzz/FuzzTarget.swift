/// Something that takes a peer's bytes. It must not trap, hang or grow, and what it promises must hold, whatever comes.
struct FuzzTarget: Sendable {
  var name: String
  /// What is fed, for people.
  var summary: String
  var feed: @Sendable ([UInt8]) -> Void

  static let all: [FuzzTarget] = [
    FuzzTarget(name: "frame", summary: "an Ethernet frame", feed: feedFrame),
    FuzzTarget(name: "dhcp", summary: "a DHCP message", feed: feedDHCPMessage),
    FuzzTarget(name: "dhcp-server", summary: "messages to a DHCP server, a proxy and port 4011", feed: feedDHCPServer),
    FuzzTarget(name: "dhcpv6-server", summary: "messages to a DHCPv6 server", feed: feedDHCPv6),
    FuzzTarget(name: "dhcp-client", summary: "answers to the agent's DHCP client", feed: feedDHCPClient),
    FuzzTarget(name: "tftp", summary: "a TFTP packet, and a request's options", feed: feedTFTPPacket),
    FuzzTarget(name: "tftp-transfer", summary: "what may happen to a TFTP transfer", feed: feedTFTPTransfer),
    FuzzTarget(name: "smbios", summary: "an entry point and a structure table", feed: feedSMBIOS),
    FuzzTarget(name: "ipmi-session", summary: "a BMC's datagrams, from the login on", feed: feedIPMISession),
    FuzzTarget(name: "ipmi-answers", summary: "the answer to each IPMI command", feed: feedIPMIAnswers),
    FuzzTarget(name: "ipmi-records", summary: "FRU inventories, sensor records, pings", feed: feedIPMIRecords),
    FuzzTarget(name: "json", summary: "a JSON text", feed: feedJSON),
    FuzzTarget(name: "json-patch", summary: "a patch (RFC 6902), and what it is applied to", feed: feedJSONPatch),
    FuzzTarget(name: "texts", summary: "addresses, names, times and quantities as people write them", feed: feedTexts),
    FuzzTarget(name: "lease-files", summary: "the leases of ISC dhcpd, Kea and dnsmasq", feed: feedLeaseFile),
    FuzzTarget(name: "registration", summary: "what an agent registers", feed: feedRegistration),
  ]
}

/// Ends the process where something does not hold, for libFuzzer to keep the input.
func hold(_ condition: Bool, _ promise: @autoclosure () -> String) {
  if !condition { fatalError("does not hold: \(promise())") }
}

/// Bytes as a sequence of numbers and messages, so that one input can say what happens after what.
struct FuzzScript {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func word() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

  /// As many bytes as the word in front of them says, or what there is.
  mutating func message() -> [UInt8] {
    let count = Int(word())
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// All that is left.
  mutating func remainder() -> [UInt8] {
    defer { rest = [] }
    return Array(rest)
  }

  /// The script whose messages these are.
  static func messages(_ messages: [[UInt8]]) -> [UInt8] {
    messages.flatMap { [UInt8(truncatingIfNeeded: $0.count >> 8), UInt8(truncatingIfNeeded: $0.count)] + $0 }
  }
}
