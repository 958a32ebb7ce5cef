import DHCP
import RackSimulation
import Testing
import Wire

/// What the simulation's racks are worth hangs on whether their machines speak as real ones do.
@Suite("Simulated firmware")
struct SimulatedFirmwareTests {
  @Test(
    "a simulated machine's DISCOVER is the captured one's but for its numbers",
    arguments: [
      ("bios-server", Firmware.biosIPXE, Firmware.Speaker.firmware, true),
      ("uefi-server", .uefiPXE, .firmware, false),
      ("uefi-server", .uefiPXE, .chained, true),
      ("uefi-http", .uefiHTTP, .firmware, false),
      ("uefi-http", .uefiHTTP, .chained, true),
    ])
  func discover(boot: String, firmware: Firmware, speaker: Firmware.Speaker, isIPXE: Bool) throws {
    let captured = try #require(CapturedBoot.all.first { $0.name == boot })
    let messages = try captured.datagrams.filter(\.isDHCP).map { try DHCPPacket.read($0.payload) }
    let real = try #require(
      messages.first {
        $0.messageType == .discover && $0.options.contains(.vendorClass) && $0.options.contains(.userClass) == isIPXE
      })
    var simulated = firmware.discover(speaker, mac: try #require(real.clientHardware.mac))
    simulated.transactionID = real.transactionID
    simulated.seconds = real.seconds
    // Machines have UUIDs of their own.
    let machine = try #require(real.options[.clientMachineIdentifier])
    #expect(simulated.options[.clientMachineIdentifier]?.count == machine.count)
    simulated.options.set(.clientMachineIdentifier, machine)
    #expect(simulated == real, "\(simulated.text)\n\(real.text)")
  }
}
