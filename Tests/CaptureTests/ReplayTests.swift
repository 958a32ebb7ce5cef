import BareMetal
import DHCP
import Logging
import TFTP
import Testing
import Wire

@testable import BootServices

/// The captured machines boot again, from their packets, at the times they sent them.
@Suite("Captured boots, replayed")
struct ReplayTests {
  @Test("every message of a machine is answered as it was captured, byte for byte", arguments: CapturedBoot.all)
  func replay(boot: CapturedBoot) throws {
    let datagrams = try boot.datagrams.filter(\.isDHCP)
    var host = try BootHost(of: boot)
    var answers = [[UInt8]]()
    for datagram in datagrams where [67, 4011].contains(datagram.header.destinationPort) && !host.sent(datagram) {
      answers += host.hear(datagram.bytes, at: datagram.time)
    }
    let captured = datagrams.filter { host.sent($0) }.map(\.bytes)
    #expect(!captured.isEmpty)
    #expect(try answers.map { try BootHost.text($0) } == captured.map { try BootHost.text($0) })
    #expect(answers == captured)
  }

  @Test("every option of a read request is granted as it was captured", arguments: CapturedBoot.all)
  func negotiation(boot: CapturedBoot) throws {
    let packets = try boot.datagrams.filter { !$0.isDHCP }.map { try TFTPPacket(parsing: $0.payload.span) }
    var asked: TFTPRequest?
    for packet in packets {
      switch packet {
      case .readRequest(let request): asked = request
      case .optionAcknowledgement(let options):
        let request = try #require(asked)
        let size = options.first { $0.name == .transferSize }.flatMap { Int($0.value) } ?? 1
        #expect(try TFTPParameters(answering: request, size: size, limits: TFTPLimits()).acknowledged == options)
      default: break
      }
    }
  }

  @Test("the boot host answers or drops each captured frame when it is cut anywhere", arguments: CapturedBoot.all)
  func cut(boot: CapturedBoot) throws {
    var host = try BootHost(of: boot)
    for datagram in try boot.datagrams where !host.sent(datagram) {
      for count in datagram.bytes.indices { _ = host.hear(Array(datagram.bytes[..<count]), at: datagram.time) }
    }
  }

  @Test("the boot host answers or drops each captured frame with any bit turned", arguments: CapturedBoot.all)
  func turned(boot: CapturedBoot) throws {
    var host = try BootHost(of: boot)
    for datagram in try boot.datagrams where !host.sent(datagram) {
      var bytes = datagram.bytes
      for bit in 0..<bytes.count * 8 {
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        _ = host.hear(bytes, at: datagram.time)
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }

  @Test(
    "every captured payload, cut anywhere or with any bit turned, reads as something or is refused",
    arguments: CapturedBoot.all)
  func payloads(boot: CapturedBoot) throws {
    for datagram in try boot.datagrams {
      func read(_ bytes: [UInt8]) {
        if datagram.isDHCP {
          guard let packet = try? DHCPPacket.read(bytes) else { return }
          _ = PXEClient(packet)
        } else if case .readRequest(let request)? = try? TFTPPacket(parsing: bytes.span) {
          _ = try? TFTPParameters(answering: request, size: 1000, limits: TFTPLimits())
        }
      }
      for count in datagram.payload.indices { read(Array(datagram.payload[..<count])) }
      var bytes = datagram.payload
      for bit in 0..<bytes.count * 8 {
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        read(bytes)
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }
}

/// The lab's boot host as it was when the capture was made (`lab_siderite_config` in tools/lab/lab.sh), without a wire.
private struct BootHost {
  private var endpoint: DHCPEndpoint
  private let address: IPv4Address

  init(of boot: CapturedBoot) throws {
    let address = try #require(IPv4Address("10.77.0.1"))
    let first = try #require(IPv4Address("10.77.0.100"))
    let last = try #require(IPv4Address("10.77.0.199"))
    let subnet = try #require(IPv4Prefix("10.77.0.0/24"))
    // The bridge's address, which the captured answers come from.
    let mac = try #require(try boot.datagrams.first { $0.header.source == address }).header.sourceMAC
    self.address = address

    var server = DHCPServerConfiguration(subnet: subnet, pools: [first...last])
    server.routers = [address]
    server.nameServers = [address]
    server.domainName = "lab.test"
    server.defaultLeaseSeconds = 600
    server.maximumLeaseSeconds = 600
    server.excluded = [address]
    let configuration = DHCPServiceConfiguration(
      interface: "br0", mode: boot.isProxied ? .proxy : .server(server), address: address)
    endpoint = DHCPEndpoint(
      configuration, at: DHCPEndpoint.Station(mac: mac, addresses: [address], broadcasts: [subnet.last]),
      planner: BootPlanner(files: ["undionly.kpxe", "snponly.efi", "ipxe.efi"]), events: Nobody(),
      counters: DHCPCounters(interface: "br0"),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  /// Whether the datagram is an answer of the boot host.
  func sent(_ datagram: CapturedBoot.Datagram) -> Bool { datagram.header.source == address }

  /// What the host sends when it hears a frame, all leases being durable at once.
  mutating func hear(_ frame: [UInt8], at time: Timestamp) -> [[UInt8]] {
    var answers = [[UInt8]]()
    endpoint.receive(frame.span, now: time) { answers.append($0.bytesCopied) }
    let waiting = endpoint.takeWaiting()
    if !waiting.isEmpty { endpoint.committed(waiting) { answers.append($0.bytesCopied) } }
    return answers
  }

  static func text(_ frame: [UInt8]) throws -> String {
    let (header, payload) = try UDPFrame.parse(frame.span)
    return try CapturedBoot.Datagram(
      time: Timestamp(seconds: 0), bytes: frame, header: header, payload: Array(frame[payload])
    ).text
  }

  private struct Nobody: BootEventSink {
    func report(_ occurrence: BootOccurrence, of subject: BootSubject) {}
  }
}
