import LinuxSystem
import Wire

/// An interface of the configuration, matched with the one this host has.
struct ServedInterface: Sendable {
  var configuration: Configuration.Interface
  var interface: NetworkInterface
  var mac: MACAddress
  /// The address machines are told, and the network that it is in; `nil` where only IPv6 is served.
  var ipv4: (address: IPv4Address, network: IPv4Prefix)?
  /// The same of IPv6; `nil` where that is not served.
  var ipv6: NetworkInterface.IPv6?

  /// Matches every interface of `configuration` with this host's.
  /// - Throws: ``InvalidConfiguration`` with everything that does not fit the host: exit code 78 as well, since only a
  ///   change of the configuration (or of the host's network) mends it.
  static func all(
    of configuration: Configuration, among interfaces: [NetworkInterface]
  ) throws(InvalidConfiguration) -> [ServedInterface] {
    var problems: [ConfigurationProblem] = []
    let served = configuration.interfaces.enumerated().compactMap { index, entry -> ServedInterface? in
      let path = "interfaces[\(index)]"
      func problem(_ key: String, _ message: String) {
        problems.append(ConfigurationProblem(path: "\(path).\(key)", line: nil, message: message))
      }
      guard let interface = interfaces.first(where: { $0.name == entry.name }) else {
        let names = interfaces.filter { !$0.isLoopback }.map(\.name).joined(separator: ", ")
        problem("name", "this host has no interface \(entry.name); it has \(names.isEmpty ? "none" : names)")
        return nil
      }
      guard interface.isUp else {
        problem("name", "\(entry.name) is down: 'ip link set \(entry.name) up'")
        return nil
      }
      guard let mac = interface.macAddress else {
        problem("name", "\(entry.name) is no Ethernet interface")
        return nil
      }
      var ipv6: NetworkInterface.IPv6?
      if let wanted = entry.ipv6 {
        ipv6 = wanted.choose(on: interface) { problem("ipv6.\($0)", $1) }
        if ipv6 == nil { return nil }
        if entry.mode == .off, entry.address == nil, interface.addresses.isEmpty {
          return ServedInterface(configuration: entry, interface: interface, mac: mac, ipv6: ipv6)
        }
      }
      let chosen =
        entry.address.map { wanted in interface.addresses.first { $0.address == wanted } }
        ?? interface.addresses.first
      guard let chosen, let network = chosen.network else {
        let has = interface.addresses.map(\.address.description).joined(separator: ", ")
        problem(
          "address",
          "\(entry.name) does not have \(entry.address?.description ?? "an IPv4 address")"
            + (has.isEmpty ? "" : "; it has \(has)"))
        return nil
      }
      for (key, message) in entry.lending.problems(in: network) {
        problem(key, "\(message) \(network) of \(entry.name)")
      }
      for (index, relayed) in entry.relayed.enumerated() {
        if relayed.subnet.overlaps(network) {
          problem("relayed[\(index)].subnet", "\(relayed.subnet) overlaps \(entry.name)'s own network \(network)")
        }
        if let address = relayed.address, !interfaces.contains(where: { $0.has(address) }) {
          problem("relayed[\(index)].address", "this host does not have \(address)")
        }
      }
      return ServedInterface(
        configuration: entry, interface: interface, mac: mac, ipv4: (chosen.address, network), ipv6: ipv6)
    }
    guard problems.isEmpty else { throw InvalidConfiguration(problems: problems) }
    return served
  }
}

extension NetworkInterface {
  fileprivate func has(_ address: IPv4Address) -> Bool { addresses.contains { $0.address == address } }
}
