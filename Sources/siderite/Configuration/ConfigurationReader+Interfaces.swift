import Wire
import Yams

// Networks that machines boot from: what can be seen of them without looking at the host.
extension ConfigurationReader {
  private static let lendingKeys = ["pools", "reservations", "leaseTime", "router", "routes", "dns", "domain"]

  /// One entry of `interfaces`; `nil` where even its name or mode is missing.
  mutating func interface(_ section: Section) -> Configuration.Interface? {
    refuseUnknownKeys(
      in: section,
      known: ["name", "mode", "address", "allow", "deny", "probe", "clientRate", "relayed", "ipv6"] + Self.lendingKeys)
    let name = required("name", of: section, .interfaceName)
    let mode: Configuration.Interface.Mode? = required("mode", of: section, .choice)
    var interface = Configuration.Interface(name: name ?? "", mode: mode ?? .off)
    interface.address = optional("address", of: section, .address)
    interface.lending = lending(section, mode)
    interface.probe = value("probe", of: section, default: interface.probe, .flag)
    interface.clientRate = value("clientRate", of: section, default: interface.clientRate, .rateOrOff)
    interface.clients = clients(section, mode, keeping: interface.lending.reservations)
    for part in sections("relayed", of: section) {
      guard let network = relayed(part, mode) else { continue }
      if let other = interface.relayed.first(where: { $0.subnet.overlaps(network.subnet) }) {
        report(part.path(of: "subnet"), part.mapping["subnet"], "\(network.subnet) overlaps \(other.subnet)")
      }
      interface.relayed.append(network)
    }
    if section.mapping["ipv6"] != nil { interface.ipv6 = ipv6(self.section("ipv6", of: section)) }
    if let mode, mode != .server, section.mapping["probe"] != nil {
      report(section.path(of: "probe"), section.mapping["probe"], "means something in mode server only")
    }
    for key in ["relayed", "allow", "deny", "clientRate"] where mode == .off && section.mapping[key] != nil {
      report(section.path(of: key), section.mapping[key], "means nothing in mode off")
    }
    return name == nil || mode == nil ? nil : interface
  }

  private mutating func relayed(
    _ section: Section, _ mode: Configuration.Interface.Mode?
  ) -> Configuration.RelayedNetwork? {
    refuseUnknownKeys(in: section, known: ["subnet", "address", "allow", "deny"] + Self.lendingKeys)
    let subnet = required("subnet", of: section, .network)
    let address = optional("address", of: section, .address)
    let lending = lending(section, mode)
    let clients = clients(section, mode, keeping: lending.reservations)
    guard let subnet else { return nil }
    for problem in lending.problems(in: subnet) {
      report(section.path(of: problem.key), section.mapping[problem.key], "\(problem.message) \(subnet)")
    }
    return Configuration.RelayedNetwork(subnet: subnet, address: address, clients: clients, lending: lending)
  }

  /// Who is served; what nobody can mean is reported.
  private mutating func clients(
    _ section: Section, _ mode: Configuration.Interface.Mode?, keeping reservations: [Configuration.Reservation]
  ) -> Configuration.Clients {
    var clients = Configuration.Clients()
    if section.mapping["allow"] != nil { clients.allow = list("allow", of: section, .hardwareAddressPrefix) }
    clients.deny = list("deny", of: section, .hardwareAddressPrefix)
    for prefix in clients.deny where clients.allow?.contains(prefix) ?? false {
      report(section.path(of: "deny"), section.mapping["deny"], "\(prefix) is in allow too")
    }
    for reservation in reservations where clients.deny.contains(MACPrefix(reservation.mac)) {
      report(
        section.path(of: "deny"), section.mapping["deny"],
        "\(reservation.mac) has a reservation, \(reservation.address), and is served for it")
    }
    if mode == .proxy, case .sequence(let allow) = section.mapping["allow"], allow.isEmpty {
      report(section.path(of: "allow"), section.mapping["allow"], "nobody is served: say mode: off")
    }
    return clients
  }

  private mutating func lending(_ section: Section, _ mode: Configuration.Interface.Mode?) -> Configuration.Lending {
    var lending = Configuration.Lending()
    lending.pools = list("pools", of: section, .addressRange)
    lending.leaseTimeSeconds = value("leaseTime", of: section, default: lending.leaseTimeSeconds, .seconds)
    lending.router = optional("router", of: section, .address)
    lending.dns = list("dns", of: section, .address)
    lending.domain = optional("domain", of: section, .text)
    for entry in sections("reservations", of: section) {
      refuseUnknownKeys(in: entry, known: ["mac", "address", "hostname"])
      let mac = required("mac", of: entry, .hardwareAddress)
      let address = required("address", of: entry, .address)
      let hostname = optional("hostname", of: entry, .text)
      guard let mac, let address else { continue }
      lending.reservations.append(Configuration.Reservation(mac: mac, address: address, hostname: hostname))
    }
    for entry in sections("routes", of: section) {
      refuseUnknownKeys(in: entry, known: ["to", "via"])
      let to = required("to", of: entry, .network)
      let via = required("via", of: entry, .address)
      if let to, let via { lending.routes.append(Configuration.Route(to: to, via: via)) }
    }
    check(lending, mode, in: section)
    return lending
  }

  private mutating func check(
    _ lending: Configuration.Lending, _ mode: Configuration.Interface.Mode?, in section: Section
  ) {
    if mode == .server, section.mapping["pools"] == nil, section.mapping["reservations"] == nil {
      report(
        section.path(of: "pools"), .mapping(section.mapping),
        "missing: a server needs pools or reservations, such as pools: [10.0.0.100-10.0.0.199]")
    }
    if let mode, mode != .server {
      for key in Self.lendingKeys where section.mapping[key] != nil {
        report(section.path(of: key), section.mapping[key], "means something in mode server only")
      }
    }
    for (index, pool) in lending.pools.enumerated()
    where lending.pools[..<index].contains(where: { $0.overlaps(pool) }) {
      report(
        section.path(of: "pools"), section.mapping["pools"],
        "\(pool.lowerBound)-\(pool.upperBound) overlaps another pool")
    }
    for (index, reservation) in lending.reservations.enumerated() {
      let earlier = lending.reservations[..<index]
      if earlier.contains(where: { $0.mac == reservation.mac || $0.address == reservation.address }) {
        report(
          section.path(of: "reservations"), section.mapping["reservations"],
          "\(reservation.mac) at \(reservation.address) repeats another reservation's mac or address")
      }
    }
  }
}

extension Configuration.Lending {
  /// What does not lie in the network that it is given out in: the key, and a message that ends before the network's name.
  func problems(in network: IPv4Prefix) -> [(key: String, message: String)] {
    var problems: [(key: String, message: String)] = []
    for pool in pools where !network.isHost(pool.lowerBound) || !network.isHost(pool.upperBound) {
      problems.append(("pools", "\(pool.lowerBound)-\(pool.upperBound) is not inside the network"))
    }
    for reservation in reservations where !network.isHost(reservation.address) {
      problems.append(("reservations", "\(reservation.address) is not inside the network"))
    }
    return problems
  }
}
