import Wire
import Yams

// What an interface does for IPv6: what can be seen of it without looking at the host.
extension ConfigurationReader {
  private static let serverKeys = ["pools", "reservations", "leaseTime", "dns", "domain", "routerAdvertisements"]

  /// An interface's `ipv6`; `nil` where even its mode is missing.
  mutating func ipv6(_ section: Section) -> Configuration.IPv6? {
    refuseUnknownKeys(in: section, known: ["mode", "address"] + Self.serverKeys)
    guard let mode: Configuration.IPv6.Mode = required("mode", of: section, .choice) else { return nil }
    var ipv6 = Configuration.IPv6(mode: mode)
    ipv6.address = optional("address", of: section, .ipv6Address)
    ipv6.pools = list("pools", of: section, .ipv6Range)
    ipv6.leaseTimeSeconds = value("leaseTime", of: section, default: ipv6.leaseTimeSeconds, .seconds)
    ipv6.dns = list("dns", of: section, .ipv6Address)
    ipv6.domain = optional("domain", of: section, .text)
    ipv6.routerAdvertisements = value(
      "routerAdvertisements", of: section, default: ipv6.routerAdvertisements, .flag)
    for entry in sections("reservations", of: section) {
      refuseUnknownKeys(in: entry, known: ["mac", "address"])
      let mac = required("mac", of: entry, .hardwareAddress)
      let address = required("address", of: entry, .ipv6Address)
      guard let mac, let address else { continue }
      ipv6.reservations.append(Configuration.IPv6.Reservation(mac: mac, address: address))
    }
    check(ipv6, in: section)
    return ipv6
  }

  private mutating func check(_ ipv6: Configuration.IPv6, in section: Section) {
    if ipv6.mode == .server, section.mapping["pools"] == nil, section.mapping["reservations"] == nil {
      report(
        section.path(of: "pools"), .mapping(section.mapping),
        "missing: a server needs pools or reservations, such as pools: [fd77::1:0-fd77::1:ffff]")
    }
    if ipv6.mode == .off {
      for key in Self.serverKeys where section.mapping[key] != nil {
        report(section.path(of: key), section.mapping[key], "means something in mode server only")
      }
    }
    for (index, pool) in ipv6.pools.enumerated()
    where ipv6.pools[..<index].contains(where: { $0.overlaps(pool) }) {
      report(
        section.path(of: "pools"), section.mapping["pools"],
        "\(pool.lowerBound)-\(pool.upperBound) overlaps another pool")
    }
    for (index, reservation) in ipv6.reservations.enumerated()
    where ipv6.reservations[..<index].contains(where: {
      $0.mac == reservation.mac || $0.address == reservation.address
    }) {
      report(
        section.path(of: "reservations"), section.mapping["reservations"],
        "\(reservation.mac) at \(reservation.address) repeats another reservation's mac or address")
    }
  }
}

extension Configuration.IPv6 {
  /// What does not lie in the network that it is given out in: the key, and a message that ends before the network's name.
  func problems(in network: IPv6Prefix) -> [(key: String, message: String)] {
    var problems: [(key: String, message: String)] = []
    for pool in pools where !network.contains(pool.lowerBound) || !network.contains(pool.upperBound) {
      problems.append(("pools", "\(pool.lowerBound)-\(pool.upperBound) is not inside the network"))
    }
    for reservation in reservations where !network.contains(reservation.address) {
      problems.append(("reservations", "\(reservation.address) is not inside the network"))
    }
    return problems
  }
}
