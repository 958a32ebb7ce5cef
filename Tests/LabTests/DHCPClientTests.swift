import DHCP
import Foundation
import Testing
import Wire

@Suite(
  "DHCP with real clients and servers", .serialized,
  .enabled(if: VirtualCable.canBeMade, Comment(rawValue: VirtualCable.need)))
struct DHCPClientTests {
  private static let server = "mode: server, pools: [10.99.0.100-10.99.0.150], router: 10.99.0.1, dns: [10.99.0.1]"

  /// What busybox's client says.
  private static func udhcpc(on interface: String) throws -> String {
    try Command.run("timeout", "30", "udhcpc", "-i", interface, "-n", "-q", "-f", "-s", "/bin/true")
  }

  @Test(
    "udhcpc, dhclient and dhcping see the same lease, also after the daemon was killed",
    .timeLimit(.minutes(3)))
  func lease() throws {
    let host = try BootHost()
    let near = host.cable.near
    let daemon = try host.serve(Self.server)
    #expect(try Self.udhcpc(on: near).contains("lease of 10.99.0.100 obtained from 10.99.0.1"))

    host.killNow(daemon)
    try host.serve(Self.server)
    // The address is the client's without a DISCOVER: the daemon must remember it.
    let probe = DHCPProbe(on: near)
    var reboot = probe.message(.request)
    reboot.options.set(.requestedAddress, IPv4Address(rawValue: 0x0a63_0064))
    let answers = try probe.exchange(DHCPProbe.Sending(reboot), answers: 1)
    #expect(answers.map(\.packet.messageType) == [.ack])

    let (leases, pid) = (host.directory.path + "/dhclient.leases", host.directory.path + "/dhclient.pid")
    let text = try Command.run(
      "timeout", "60", "dhclient", "-1", "-v", "-sf", "/bin/true", "-lf", leases, "-pf", pid, near)
    // It goes on in the background, and can be ended once it has written down who it is there.
    defer {
      _ = try? Command.run("timeout", "10", "sh", "-c", "until [ -s \(pid) ]; do sleep 0.1; done")
      _ = try? Command.run("dhclient", "-x", "-sf", "/bin/true", "-lf", leases, "-pf", pid, near)
    }
    #expect(text.contains("DHCPACK of 10.99.0.100 from 10.99.0.1"))

    try Command.run("ip", "address", "add", "10.99.0.100/24", "dev", near)
    let ping = try Command.run(
      "timeout", "30", "dhcping", "-c", "10.99.0.100", "-s", BootHost.address, "-h", "\(probe.mac)", "-v")
    #expect(ping.contains("Got answer from: 10.99.0.1"))
  }

  @Test(
    "in proxy mode it shares host, interface and ports with dnsmasq, whichever starts first",
    .timeLimit(.minutes(3)), arguments: [true, false])
  func shared(dnsmasqFirst: Bool) throws {
    let host = try BootHost()
    if !dnsmasqFirst { try host.serve("mode: proxy") }
    try host.start(
      "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=\(host.interface)",
      "--bind-interfaces", "--dhcp-range=10.99.0.200,10.99.0.210,1h", "--dhcp-authoritative", "--no-ping",
      "--dhcp-leasefile=\(host.directory.path)/dnsmasq.leases", "--log-facility=-", "--user=root")
    if dnsmasqFirst { try host.serve("mode: proxy") }

    let lease = try Self.udhcpc(on: host.cable.near)
    let address = try #require(lease.firstMatch(of: /lease of (10\.99\.0\.2\d\d) obtained from 10\.99\.0\.1/)?.1)

    let probe = DHCPProbe(on: host.cable.near)
    var discover = probe.message(.discover)
    discover.options.set(.vendorClass, "PXEClient:Arch:00007:UNDI:003000")
    discover.options.set(.clientArchitecture, ClientArchitecture.uefiX64.rawValue)
    let offers = try probe.exchange(DHCPProbe.Sending(discover), answers: 2)
    #expect(offers.allSatisfy { $0.packet.messageType == .offer })
    let proxy = try #require(offers.first { $0.packet.options.text(.vendorClass) == "PXEClient" })
    #expect(proxy.packet.yourAddress == .any)
    let other = try #require(offers.first { $0.packet.options.text(.vendorClass) == nil })
    #expect(other.packet.yourAddress.description == address)

    // EDK2 asks port 4011 with the address it has, unicast.
    var question = discover
    question.options.set(.messageType, MessageType.request.rawValue)
    question.clientAddress = other.packet.yourAddress
    let boot = try probe.exchange(
      DHCPProbe.Sending(
        question, source: other.packet.yourAddress, sourcePort: 4011, to: proxy.frame.sourceMAC,
        IPv4Address(BootHost.address) ?? .any, port: 4011), answers: 1)
    #expect(boot.map(\.packet.messageType) == [.ack])
    #expect(boot.map(\.packet.bootFile) == [Array("snponly.efi".utf8)])
  }

  @Test("nobody answers unicast questions with ICMP", .timeLimit(.minutes(3)), arguments: [67, 4011] as [UInt16])
  func noPortUnreachable(port: UInt16) throws {
    let host = try BootHost()
    try host.serve(Self.server)
    let probe = DHCPProbe(on: host.cable.near)
    let offer = try #require(try probe.exchange(DHCPProbe.Sending(probe.message(.discover)), answers: 1).first)
    // The kernel must know whom to send an ICMP message to.
    try host.run("ip", "neigh", "replace", "10.99.0.77", "lladdr", "\(probe.mac)", "dev", host.interface)
    let client = IPv4Address(rawValue: 0x0a63_004d)
    let address = try #require(IPv4Address(BootHost.address))
    func sending(_ port: UInt16) -> DHCPProbe.Sending {
      // A release of an address that is not its own: heard, and not answered.
      var release = probe.message(.release)
      release.clientAddress = client
      return DHCPProbe.Sending(release, source: client, to: offer.frame.sourceMAC, address, port: port)
    }
    // A port nobody has is refused, so the ICMP message would be seen.
    let unreachable = try probe.frames([sending(9), sending(port), sending(9)], filter: "icmp", count: 2)
    #expect(unreachable.map { Array($0[62..<66]) } == Array(repeating: [0, 68, 0, 9], count: 2))
  }
}
