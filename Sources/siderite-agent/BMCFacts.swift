import IPMI
import Wire

/// What the machine's BMC says of itself in-band. Reading it changes nothing.
struct BMCFacts: Hashable, Sendable {
  var device: GetDeviceID.Response
  /// Where it is on the network, by channel; channels without an address are left out.
  var endpoints: [Endpoint]

  struct Endpoint: Hashable, Sendable {
    var channel: UInt8
    var address: IPv4Address
    var port: UInt16
    var mac: MACAddress?
  }

  init(of bmc: some IPMIRequester) async throws(IPMIFailure) {
    device = try await bmc.readInformation().device
    endpoints = try await bmc.lanAddresses().compactMap { lan in
      guard let address = lan.address, !address.isUnspecified else { return nil }
      return Endpoint(channel: lan.channel, address: address, port: lan.port, mac: lan.macAddress)
    }
  }

  /// `IPMI 2.0, firmware 9.08`
  var firmware: String { "IPMI \(device.ipmiVersionText), firmware \(device.firmwareVersionText)" }

  /// For the journal: `BMC at 10.0.0.7 (channel 8), IPMI 2.0, firmware 9.08`
  var summary: String {
    let places = endpoints.map { "\($0.address) (channel \($0.channel))" }.joined(separator: ", ")
    return "BMC at \(places.isEmpty ? "no address" : places), \(firmware)"
  }
}
