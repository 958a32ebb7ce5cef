import DHCP
import Wire

/// One network of the rack, and what its machines are given.
struct RackNetwork {
  let subnet: IPv4Prefix
  let pool: ClosedRange<IPv4Address>

  /// The boot host's own, 10.77.0.0/16.
  static let local: UInt32 = 0x0a4d_0000
  /// Behind the relay agent, 10.78.0.0/16.
  static let relayed: UInt32 = 0x0a4e_0000

  /// - Parameter addresses: those of the pool, which begins at x.x.1.0.
  init(_ network: UInt32, addresses: Int) {
    guard let subnet = IPv4Prefix(containing: IPv4Address(rawValue: network), length: 16) else {
      preconditionFailure("16 is the length of a prefix")
    }
    self.subnet = subnet
    let first = IPv4Address(rawValue: network + 0x100)
    pool = first...IPv4Address(rawValue: first.rawValue + UInt32(max(1, addresses)) - 1)
  }

  func server(_ scenario: RackScenario) -> DHCPServerConfiguration {
    var server = DHCPServerConfiguration(subnet: subnet, pools: [pool])
    server.defaultLeaseSeconds = scenario.leaseSeconds
    server.probes = scenario.isProbing
    return server
  }
}

extension ClosedRange<IPv4Address> {
  /// How many addresses there are.
  var count: Int { Int(upperBound.rawValue - lowerBound.rawValue) + 1 }
}
