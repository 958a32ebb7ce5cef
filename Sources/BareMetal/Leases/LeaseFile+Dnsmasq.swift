import Wire

// dnsmasq's leases, a line each:
//
//   1764210821 52:54:00:12:34:56 10.0.0.5 node1 01:52:54:00:12:34:56
//
// When it ends in seconds since 1970, 0 for never; the hardware address, with its type in front of it where that is not Ethernet
// (`20-…`); the address; the name and the client identifier, `*` for none. Leases of IPv6 follow a line `duid …`.
extension LeaseFile {
  mutating func readDnsmasq(_ bytes: [UInt8]) {
    var isIPv6 = false
    Self.forEachLine(bytes) { number, line in
      let words = line.split(separator: " ")
      if words.first == "duid" { isIPv6 = true }
      guard !words.isEmpty, !isIPv6 else { return }
      guard words.count >= 5 else {
        return report(number, "expected: end, hardware address, address, name, client identifier")
      }
      guard let end = Int64(words[0]), (0...0xffff_ffff).contains(end) else {
        return report(number, "'\(words[0].prefix(40))' is no time in seconds since 1970")
      }
      guard let address = IPv4Address(words[2]) else {
        return report(number, "'\(words[2].prefix(40))' is no IPv4 address")
      }
      let mac = MACAddress(words[1])
      let identifier = words[4] == "*" ? nil : Self.colonBytes(words[4])
      guard words[1] == "*" || mac != nil || words[1].contains("-"), words[4] == "*" || identifier != nil else {
        return report(number, "'\(words[1].prefix(40))' is no hardware address, or what follows no client identifier")
      }
      guard let client = Self.client(mac, identifier) else {
        return report(number, "\(address) has neither a hardware address of Ethernet's nor a client identifier")
      }
      add(
        Lease(
          address: address, client: client, mac: mac ?? .zero,
          hostname: words[3] == "*" ? nil : Self.hostName(words[3]),
          state: .bound, expires: end == 0 ? Self.never : Timestamp(seconds: end)),
        line: number)
    }
  }

  static func dnsmasqText(of leases: [Lease]) -> (text: String, leftOut: Int) {
    var text = ""
    var leftOut = 0
    for lease in leases {
      guard lease.state == .bound, lease.mac != .zero else {
        leftOut += 1
        continue
      }
      let end = lease.expires >= never ? 0 : lease.expires.seconds
      let identifier = identifier(of: lease).map { colonText($0) } ?? "*"
      text += "\(end) \(lease.mac) \(lease.address) \(lease.hostname ?? "*") \(identifier)\n"
    }
    return (text, leftOut)
  }
}
