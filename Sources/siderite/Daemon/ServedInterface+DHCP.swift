import BootServices
import DHCP
import LinuxSystem
import Wire

extension ServedInterface {
  /// Every address that machines are told.
  var addresses: [IPAddress] {
    ipv4Addresses.map { .v4($0) } + (ipv6.map { [.v6($0.address)] } ?? [])
  }

  /// Those of IPv4.
  var ipv4Addresses: [IPv4Address] {
    (ipv4.map { [$0.address] } ?? []) + configuration.relayed.compactMap(\.address)
  }

  /// How DHCP serves the interface; `nil` for not at all.
  func dhcp(apiEndpoint: IPv4Address?, httpPort: UInt16) -> DHCPServiceConfiguration? {
    guard let (address, network) = ipv4,
      let mode = mode(configuration.lending, in: network, probes: configuration.probe)
    else { return nil }
    var service = DHCPServiceConfiguration(
      interface: interface.name, mode: mode, address: address, bootAddress: apiEndpoint, httpPort: httpPort)
    service.clients = configuration.clients.filter
    service.clientRate = configuration.clientRate.map { ClientRateLimiter.Rate(perSecond: $0) }
    service.relayed = configuration.relayed.compactMap { relayed in
      self.mode(relayed.lending, in: relayed.subnet).map { mode in
        // Who names an address for one network means it: it beats the one that is for all.
        var network = DHCPRelayedNetwork(
          subnet: relayed.subnet, mode: mode, address: relayed.address ?? address,
          bootAddress: relayed.address ?? apiEndpoint)
        network.clients = relayed.clients.filter
        return network
      }
    }
    return service
  }

  private func mode(_ lending: Configuration.Lending, in subnet: IPv4Prefix, probes: Bool = false) -> DHCPResponder
    .Mode?
  {
    switch configuration.mode {
    case .off: return nil
    case .proxy: return .proxy
    case .server:
      var server = DHCPServerConfiguration(subnet: subnet, pools: lending.pools)
      server.reservations = lending.reservations.map {
        DHCPServerConfiguration.Reservation(mac: $0.mac, address: $0.address, hostName: $0.hostname)
      }
      server.defaultLeaseSeconds = lending.leaseTimeSeconds
      server.maximumLeaseSeconds = lending.leaseTimeSeconds
      server.routers = lending.router.map { [$0] } ?? []
      server.routes = lending.routes.map { DHCPServerConfiguration.Route(to: $0.to, via: $0.via) }
      server.nameServers = lending.dns
      server.domainName = lending.domain
      server.probes = probes
      return .server(server)
    }
  }
}

extension Configuration.Clients {
  fileprivate var filter: ClientFilter { ClientFilter(allowed: allow.map { Set($0) }, denied: Set(deny)) }
}
