import DHCP
import Foundation
import Testing
import Wire

@Suite(
  "DHCP beside stations that nobody gave an address", .serialized,
  .enabled(if: VirtualCable.canBeMade, Comment(rawValue: VirtualCable.need)))
struct AddressConflictTests {
  /// A DISCOVER of a machine that is not this end's kernel, which has an address of its own.
  private func discover(_ probe: DHCPProbe, _ number: UInt64) -> DHCPPacket {
    var packet = probe.message(.discover)
    packet.clientHardware = HardwareAddress(MACAddress(rawValue: 0x5254_0063_0000 + number))
    packet.isBroadcast = true
    return packet
  }

  @Test(
    "an address that answers ARP is not offered, and the next is; the leases show who has it", .timeLimit(.minutes(2)))
  func squatter() throws {
    let host = try BootHost()
    let near = host.cable.near
    try Command.run("ip", "address", "add", "10.99.0.100/24", "dev", near)
    try host.serve("mode: server, pools: [10.99.0.100-10.99.0.110]")
    let probe = DHCPProbe(on: near)
    let begun = ContinuousClock.now
    let answers = try probe.exchange(DHCPProbe.Sending(discover(probe, 1)), answers: 1)
    #expect(answers.map(\.packet.yourAddress.description) == ["10.99.0.101"])
    #expect(ContinuousClock.now - begun < .seconds(5))
    #expect(host.log.contains("an address of the pool is somebody's who has no lease"))
    let socket = host.directory.path + "/admin.sock"
    let leases = try Command.run(BootHost.binary, "leases", "--admin-socket", socket)
    #expect(leases.contains("10.99.0.100") && leases.contains("\(probe.mac)") && leases.contains("declined"))
  }

  @Test("leases go to dnsmasq and come from it, and their machine keeps its address", .timeLimit(.minutes(2)))
  func transfer() throws {
    let host = try BootHost()
    let near = host.cable.near
    let (file, socket) = (host.directory.path + "/dnsmasq.leases", host.directory.path + "/admin.sock")
    func dnsmasq() throws -> pid_t {
      try host.start(
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=\(host.interface)",
        "--bind-interfaces", "--dhcp-range=10.99.0.100,10.99.0.150,1h", "--dhcp-authoritative", "--no-ping",
        "--dhcp-leasefile=\(file)", "--log-facility=-", "--user=root")
    }
    func obtain() throws -> Substring? {
      let text = try Command.run("timeout", "30", "udhcpc", "-i", near, "-n", "-q", "-f", "-s", "/bin/true")
      return text.split(separator: "lease of ").last?.split(separator: " ").first
    }
    let other = try dnsmasq()
    let address = try #require(try obtain())
    host.killNow(other)

    let daemon = try host.serve("mode: server, pools: [10.99.0.100-10.99.0.150]")
    let transfer = [BootHost.binary, "leases", "import", "--admin-socket", socket, "--format", "dnsmasq", file]
    #expect(try Command.run(transfer).contains("1 of 1 leases taken over"))
    #expect(try Command.run(BootHost.binary, "leases", "--admin-socket", socket).contains(address))
    #expect(try obtain() == address)
    let exported = try Command.run(
      BootHost.binary, "leases", "export", "--admin-socket", socket, "--format", "dnsmasq")
    #expect(exported.contains(" \(address) "))
    host.killNow(daemon)

    try exported.write(toFile: file, atomically: true, encoding: .utf8)
    _ = try dnsmasq()
    #expect(try obtain() == address)
  }
}
