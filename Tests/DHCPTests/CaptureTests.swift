import DHCP
import Foundation
import Testing
import Wire

/// Whole boots as they were captured in the lab (Tests/LabTests/Fixtures/README.md says how).
///
/// The text of every DHCP message stands in Tests/DHCPTests/Golden; `UPDATE_GOLDEN=1` writes it anew after new
/// captures.
@Suite("Captured boots")
struct CaptureTests {
  static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  static let captures: [URL] = {
    let folder = tests.appending(path: "LabTests/Fixtures")
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "pcap" }.sorted { $0.path < $1.path }
  }()

  @Test("There are captures to test with")
  func present() { #expect(!Self.captures.isEmpty) }

  @Test("Every message reads, writes back equal and is as its golden text says", arguments: captures)
  func golden(capture: URL) throws {
    let datagrams = try PCAPReader.datagrams(Array(Data(contentsOf: capture)), ports: [67, 68, 4011])
    #expect(!datagrams.isEmpty)
    var text = ""
    for (frame, payload) in datagrams {
      let packet = try DHCPPacket.read(payload)
      #expect(try DHCPPacket.read(packet.serialized) == packet)
      text += "\(frame.source):\(frame.sourcePort) > \(frame.destination):\(frame.destinationPort)\n\(packet.text)\n"
    }
    let golden = Self.tests.appending(path: "DHCPTests/Golden")
      .appending(path: capture.deletingPathExtension().lastPathComponent + ".txt")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try FileManager.default.createDirectory(
        at: golden.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: golden, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: golden, encoding: .utf8) == text)
  }

  @Test("Its machines are answered by us, in proxy and in server mode", arguments: captures)
  func answered(capture: URL) throws {
    let datagrams = try PCAPReader.datagrams(Array(Data(contentsOf: capture)), ports: [67, 4011])
    var machines = 0
    for (frame, payload) in datagrams {
      let packet = try DHCPPacket.read(payload)
      guard let client = PXEClient(packet) else { continue }
      #expect(client.uuid != nil && !client.hasMalformedUUID)
      machines += 1
      let boot: DHCPBootReply =
        client.isIPXE || client.transport == .http
        ? .url("http://10.77.0.1:8081/boot.ipxe") : .file(server: address(1), name: "snponly.efi")
      let arrival = DHCPArrival(
        serverAddress: address(1), source: frame.source, sourcePort: frame.sourcePort,
        destinationPort: frame.destinationPort, isUnicast: frame.destination == address(1))
      for mode in [DHCPResponder.Mode.proxy, .server(.test)] {
        var responder = DHCPResponder(mode: mode)
        let decision = responder.decide(packet, from: client, arrival: arrival, boot: boot, now: Timestamp(seconds: 0))
        guard packet.messageType == .discover || arrival.destinationPort == DHCPPort.bootServer else { continue }
        guard case .reply(let reply) = decision else {
          Issue.record("\(packet.text)\(decision)")
          continue
        }
        #expect(reply.packet.serverIdentifier == address(1))
        #expect(reply.packet.nextServer == address(1))
      }
    }
    #expect(machines > 0)
  }

  @Test("The reader takes both byte orders and refuses what is cut")
  func reader() throws {
    let frame = hex("ffffffffffff 525400770001 0800 00")
    let little = hex("d4c3b2a1 0200 0400 00*8 00000400 01000000 00*8 0f000000 0f000000") + frame
    let big = hex("a1b2c3d4 0002 0004 00*8 00040000 00000001 00*8 0000000f 0000000f") + frame
    #expect(try PCAPReader.frames(little) == [frame])
    #expect(try PCAPReader.frames(big) == [frame])
    for count in 1..<little.count where count != 24 {
      #expect(throws: (any Error).self) { try PCAPReader.frames(Array(little.prefix(count))) }
    }
  }
}
