import LinuxSystem
import Wire

/// An interface of the configuration, matched with the one this host has.
struct ServedInterface: Sendable {
  var configuration: Configuration.Interface
  var interface: NetworkInterface
  var mac: MACAddress
  /// The address machines are told.
  var address: IPv4Address
  /// The network that address is in.
  var network: IPv4Prefix

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
        configuration: entry, interface: interface, mac: mac, address: chosen.address, network: network)
    }
    guard problems.isEmpty else { throw InvalidConfiguration(problems: problems) }
    return served
  }
}

extension NetworkInterface {
  fileprivate func has(_ address: IPv4Address) -> Bool { addresses.contains { $0.address == address } }
}
