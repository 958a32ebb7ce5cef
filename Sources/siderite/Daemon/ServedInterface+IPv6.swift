import BootServices
import DHCP
import LinuxSystem
import Wire

extension ServedInterface {
  /// How DHCPv6 serves the interface; `nil` for not at all.
  /// - Parameter identifier: who we are to DHCPv6 clients.
  func dhcpv6(identifier: DUID, httpPort: UInt16) -> DHCPv6ServiceConfiguration? {
    guard let wanted = configuration.ipv6, wanted.mode == .server, let ipv6, let network = ipv6.network else {
      return nil
    }
    var server = DHCPv6ServerConfiguration(serverIdentifier: identifier, prefix: network, pools: wanted.pools)
    server.reservations = wanted.reservations.map { .init(mac: $0.mac, address: $0.address) }
    server.excluded = Set(interface.ipv6Addresses.map(\.address))
    server.leaseSeconds = wanted.leaseTimeSeconds
    server.nameServers = wanted.dns
    server.domainName = wanted.domain
    return DHCPv6ServiceConfiguration(
      interface: interface.name, server: server, bootAddress: ipv6.address, httpPort: httpPort)
  }

  /// The network that router advertisements tell of; `nil` where none are sent.
  var advertisedPrefix: IPv6Prefix? {
    configuration.ipv6?.routerAdvertisements == true ? ipv6?.network : nil
  }
}

extension Configuration.IPv6 {
  /// The address of an interface that machines are told; `nil` where something does not fit, which is reported.
  func choose(on interface: NetworkInterface, problem: (String, String) -> Void) -> NetworkInterface.IPv6? {
    let all = interface.ipv6Addresses.filter { !$0.address.isLinkLocal }
    guard let chosen = address.map({ wanted in all.first { $0.address == wanted } }) ?? all.first,
      let network = chosen.network
    else {
      let has = all.map(\.address.description).joined(separator: ", ")
      problem(
        "address",
        "\(interface.name) does not have \(address?.description ?? "an IPv6 address besides its link-local one")"
          + (has.isEmpty ? "" : "; it has \(has)"))
      return nil
    }
    let problems = self.problems(in: network)
    for (key, message) in problems { problem(key, "\(message) \(network) of \(interface.name)") }
    // Firmware, iPXE and operating systems make no address of their own in a network of another length (RFC 4862 §5.5.3).
    if routerAdvertisements, network.length != 64 {
      problem("routerAdvertisements", "\(network) of \(interface.name) is no /64, which hosts expect")
      return nil
    }
    return problems.isEmpty ? chosen : nil
  }
}
