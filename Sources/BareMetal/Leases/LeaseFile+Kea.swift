import Wire

// Kea's memfile of IPv4, comma-separated with a heading that names the columns; versions differ in how many there are.
//
//   address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
//   10.0.0.5,52:54:00:12:34:56,01:52:54:00:12:34:56,3600,1764210821,1,0,0,node1,0,
//
// `state` is 0 for a lease, 1 for a declined address, and more for what is over. A valid lifetime of 0 deletes the address's
// records before it; of 2^32 - 1 it never ends. A comma inside of a value is written `&#x2c`.
extension LeaseFile {
  private struct KeaColumns {
    var address: Int
    var hardwareAddress: Int
    var clientIdentifier: Int
    var lifetime: Int
    var expire: Int
    var hostName: Int?
    var state: Int?

    init?(_ names: [Substring]) {
      func place(_ name: String) -> Int? { names.firstIndex { $0 == name } }
      guard let address = place("address"), let hardware = place("hwaddr"), let client = place("client_id"),
        let lifetime = place("valid_lifetime"), let expire = place("expire")
      else { return nil }
      self.address = address
      hardwareAddress = hardware
      clientIdentifier = client
      self.lifetime = lifetime
      self.expire = expire
      hostName = place("hostname")
      state = place("state")
    }

    var needed: Int { max(address, hardwareAddress, clientIdentifier, lifetime, expire) }
  }

  private static let keaHeading =
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context"

  mutating func readKea(_ bytes: [UInt8]) {
    var columns: KeaColumns?
    Self.forEachLine(bytes) { number, line in
      guard !line.isEmpty else { return }
      let values = line.split(separator: ",", omittingEmptySubsequences: false)
      guard let known = columns else {
        guard problems.isEmpty else { return }
        columns = KeaColumns(values)
        if columns == nil { report(number, "expected the heading '\(Self.keaHeading)'") }
        return
      }
      readKea(values, known, number)
    }
  }

  private mutating func readKea(_ values: [Substring], _ columns: KeaColumns, _ number: Int) {
    guard values.count > columns.needed else {
      return report(number, "\(values.count) values are fewer than the heading has")
    }
    guard let address = IPv4Address(values[columns.address]) else {
      return report(number, "'\(values[columns.address].prefix(40))' is no IPv4 address")
    }
    guard let lifetime = UInt32(values[columns.lifetime]), let expire = Int64(values[columns.expire]),
      (0...0x2_0000_0000).contains(expire)
    else { return report(number, "\(address): valid_lifetime or expire is no number of seconds") }
    let state = columns.state.flatMap { $0 < values.count ? values[$0] : nil }.flatMap { $0.isEmpty ? "0" : $0 } ?? "0"
    guard let state = UInt32(state) else { return report(number, "\(address): '\(state.prefix(40))' is no state") }
    guard lifetime > 0, state < 2 else { return end(address) }
    let hardware = values[columns.hardwareAddress]
    let mac = MACAddress(hardware)
    let identifier = values[columns.clientIdentifier]
    let client = Self.client(mac, Self.colonBytes(identifier))
    guard state == 1 || client != nil else {
      return report(number, "\(address) has neither a hardware address of Ethernet's nor a client identifier")
    }
    let name = columns.hostName.flatMap { $0 < values.count ? values[$0] : nil }
    add(
      Lease(
        address: address, client: client ?? [], mac: mac ?? .zero, hostname: name.flatMap { Self.hostName($0) },
        state: state == 1 ? .declined : .bound,
        expires: lifetime == .max ? Self.never : min(Timestamp(seconds: expire), Self.never)),
      line: number)
  }

  static func keaText(of leases: [Lease], now: Timestamp, subnetID: UInt32) -> String {
    var text = keaHeading + "\n"
    for lease in leases {
      let isDeclined = lease.state == .declined
      let isEternal = lease.expires >= never
      let lifetime = isEternal ? 0xffff_ffff : max(1, lease.expires.seconds - now.seconds)
      let mac = isDeclined || lease.mac == .zero ? "" : lease.mac.description
      let identifier = isDeclined ? "" : identifier(of: lease).map { colonText($0) } ?? ""
      let expire = isEternal ? now.seconds + lifetime : lease.expires.seconds
      text += "\(lease.address),\(mac),\(identifier),\(lifetime),\(expire),\(subnetID),0,0,"
      text += "\(isDeclined ? "" : lease.hostname ?? ""),\(isDeclined ? 1 : 0),\n"
    }
    return text
  }
}
