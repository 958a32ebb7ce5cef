import DHCP
import Testing
import Wire

@Suite("Booting beside another DHCP server")
struct ProxyTests {
  static let file = DHCPBootReply.file(server: address(1), name: "undionly.kpxe")
  static let script = DHCPBootReply.url("http://10.77.0.1:8081/boot.ipxe")

  func decide(
    _ packet: DHCPPacket, _ boot: DHCPBootReply, _ arrival: DHCPArrival = .test()
  ) -> DHCPDecision {
    var responder = DHCPResponder(mode: .proxy)
    return responder.decide(
      packet, from: PXEClient(packet), arrival: arrival, boot: boot, now: Timestamp(seconds: 0))
  }

  func reply(
    _ bytes: [UInt8], _ boot: DHCPBootReply, _ arrival: DHCPArrival = .test(),
    edit: (inout DHCPPacket) -> Void = { _ in }
  ) throws -> DHCPReply {
    var packet = try DHCPPacket.read(bytes)
    edit(&packet)
    guard case .reply(let reply) = decide(packet, boot, arrival) else {
      throw Unexpected(decision: decide(packet, boot, arrival))
    }
    #expect(try DHCPPacket.read(reply.packet.serialized) == reply.packet)
    return reply
  }

  @Test("A BIOS ROM gets its file in the offer, and is told to look no further")
  func bios() throws {
    let reply = try reply(Fixture.biosDiscover, Self.file)
    #expect(
      reply.packet.text == """
        reply OFFER xid 0x53127db3 flags 0x8000
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:09
        file "undionly.kpxe"
        option 53: OFFER
        option 54: 10.77.0.1
        option 60: "PXEClient"
        option 97: 1f0c6a50-5b1d-4e0c-9a01-525400770009
        option 43: 060108ff
        option 66: "10.77.0.1"
        option 67: "undionly.kpxe"

        """)
    #expect(reply.destination == .broadcast)
    #expect((reply.sourcePort, reply.destinationPort) == (67, 68))
  }

  @Test("EDK2 gets an offer without file or option 43, so that it asks port 4011")
  func uefiOffer() throws {
    let reply = try reply(Fixture.uefiDiscover, Self.file)
    #expect(
      reply.packet.text == """
        reply OFFER xid 0x495b7055 flags 0x8000
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:02
        option 53: OFFER
        option 54: 10.77.0.1
        option 60: "PXEClient"
        option 97: 1f0c6a50-5b1d-4e0c-9a02-525400770002

        """)
    #expect(reply.destination == .broadcast)
  }

  @Test("EDK2 is sent to our port 4011, and from there to the TFTP server, which may be another host")
  func otherTFTPServer() throws {
    let file = DHCPBootReply.file(server: address(9), name: "snponly.efi")
    #expect(try reply(Fixture.uefiDiscover, file).packet.nextServer == address(1))
    let arrival = DHCPArrival.test(port: 4011, source: address(131), sourcePort: 4011, isUnicast: true)
    #expect(try reply(Fixture.uefiBootServerRequest, file, arrival).packet.nextServer == address(9))
  }

  @Test("EDK2's question on port 4011 is answered to the port it came from")
  func uefiBootServer() throws {
    let arrival = DHCPArrival.test(port: 4011, source: address(131), sourcePort: 4011, isUnicast: true)
    let reply = try reply(Fixture.uefiBootServerRequest, Self.file, arrival)
    #expect(
      reply.packet.text == """
        reply ACK xid 0x1ce0cf04
        ciaddr 10.77.0.131
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:02
        file "undionly.kpxe"
        option 53: ACK
        option 54: 10.77.0.1
        option 60: "PXEClient"
        option 97: 1f0c6a50-5b1d-4e0c-9a02-525400770002

        """)
    #expect(reply.destination == .unicastToClient(address(131)))
    #expect((reply.sourcePort, reply.destinationPort) == (4011, 4011))
  }

  @Test("A client that leaves ciaddr empty on port 4011 is answered at its source address and port")
  func bootServerSource() throws {
    let arrival = DHCPArrival.test(port: 4011, source: address(131), sourcePort: 68, isUnicast: true)
    let reply = try reply(Fixture.uefiBootServerRequest, Self.file, arrival) { $0.clientAddress = .any }
    #expect(reply.destination == .unicastToClient(address(131)))
    #expect((reply.sourcePort, reply.destinationPort) == (4011, 68))
  }

  @Test("A BIOS ROM's boot item comes back from port 4011")
  func bootItem() throws {
    let arrival = DHCPArrival.test(port: 4011, source: address(131), isUnicast: true)
    let reply = try reply(Fixture.biosDiscover, Self.file, arrival) {
      $0.options.set(.messageType, MessageType.request.rawValue)
      $0.options.set(.vendorSpecific, hex("01 01 00 00 47 04 00010002 ff"))
    }
    #expect(reply.packet.options[.vendorSpecific].map(Array.init) == hex("47 04 00010002 06 01 08 ff"))
    #expect(reply.packet.bootFile == Array("undionly.kpxe".utf8))
  }

  @Test("UEFI HTTP boot gets its URL in option 67, and its class back")
  func http() throws {
    let reply = try reply(Fixture.httpDiscover, .url("http://10.77.0.1:8081/tftp/ipxe.efi"))
    #expect(
      reply.packet.text == """
        reply OFFER xid 0x3f4fb176 flags 0x8000
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:03
        option 53: OFFER
        option 54: 10.77.0.1
        option 60: "HTTPClient"
        option 97: 1f0c6a50-5b1d-4e0c-9a03-525400770003
        option 67: "http://10.77.0.1:8081/tftp/ipxe.efi"

        """)
  }

  @Test(
    "iPXE gets its script in the offer, in BIOS and in UEFI",
    arguments: [
      (Fixture.ipxeBIOSDiscover, "e257bd51", 1), (Fixture.ipxeUEFIDiscover, "a9e1cf19", 2),
    ])
  func ipxe(bytes: [UInt8], transaction: String, machine: Int) throws {
    let reply = try reply(bytes, Self.script)
    #expect(
      reply.packet.text == """
        reply OFFER xid 0x\(transaction)
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:0\(machine)
        file "http://10.77.0.1:8081/boot.ipxe"
        option 53: OFFER
        option 54: 10.77.0.1
        option 60: "PXEClient"
        option 97: 1f0c6a50-5b1d-4e0c-9a0\(machine)-52540077000\(machine)
        option 67: "http://10.77.0.1:8081/boot.ipxe"

        """)
    // An offer has no address to send it to; the client asked for no broadcast but gets one.
    #expect(reply.destination == .broadcast)
  }

  @Test("A name too long for the header goes into option 67")
  func longNames() throws {
    let name = String(repeating: "a", count: 128)
    let arrival = DHCPArrival.test(port: 4011, source: address(131), sourcePort: 4011, isUnicast: true)
    let file = try reply(Fixture.uefiBootServerRequest, .file(server: address(1), name: name), arrival)
    #expect(file.packet.bootFile == [])
    #expect(file.packet.options.text(.bootFileName) == name)
    let url = try reply(Fixture.ipxeUEFIDiscover, .url(name))
    #expect(url.packet.bootFile == [])
    #expect(url.packet.options.text(.bootFileName) == name)
  }

  @Test("An INFORM is answered with the boot file, to the address it came from")
  func inform() throws {
    let reply = try reply(Fixture.biosDiscover, Self.file, .test(source: address(131))) {
      $0.options.set(.messageType, MessageType.inform.rawValue)
      $0.clientAddress = address(131)
    }
    #expect(reply.packet.messageType == .ack)
    #expect(reply.packet.bootFile == Array("undionly.kpxe".utf8))
    #expect(reply.destination == .unicastToClient(address(131)))
    #expect(reply.destinationPort == 68)
  }

  @Test("A relayed DISCOVER is answered to the relay agent's port 67, its information last")
  func relay() throws {
    let reply = try reply(Fixture.biosDiscover, Self.file) {
      $0.relayAgent = IPv4Address(rawValue: 0x0a4e_0001)
      $0.options.set(.relayAgentInformation, hex("01 02 'e1'"))
    }
    #expect(reply.destination == .relay(IPv4Address(rawValue: 0x0a4e_0001)))
    #expect((reply.sourcePort, reply.destinationPort) == (67, 67))
    #expect(reply.packet.options.map(\.code).last == .relayAgentInformation)
  }

  @Test(
    "What is not a proxy's business is ignored, and never refused",
    arguments: [
      (MessageType.request, DHCPIgnoreReason.leftToServer), (.decline, .leftToServer), (.release, .leftToServer),
      (.offer, .unexpectedType), (.ack, .unexpectedType), (.nak, .unexpectedType),
      (MessageType(rawValue: 13), .unexpectedType), (MessageType(rawValue: 0), .unexpectedType),
    ])
  func ignored(type: MessageType, reason: DHCPIgnoreReason) throws {
    var packet = try DHCPPacket.read(Fixture.uefiDiscover)
    packet.options.set(.messageType, type.rawValue)
    #expect(decide(packet, Self.file) == .ignore(reason))
    packet.options.set(.serverIdentifier, address(1))
    #expect(decide(packet, Self.file) == .ignore(reason))
  }

  @Test("Clients that do not boot, or have nothing to boot, get no answer", arguments: [67, 4011] as [UInt16])
  func silence(port: UInt16) throws {
    let other = try DHCPPacket.read(Fixture.udhcpcDiscover)
    #expect(decide(other, Self.file, .test(port: port)) == .ignore(.notNetworkBoot))
    let client = try DHCPPacket.read(Fixture.uefiDiscover)
    #expect(decide(client, .none, .test(port: port)) == .ignore(.nothingToBoot))
    var server = client
    server.operation = .reply
    #expect(decide(server, Self.file, .test(port: port)) == .ignore(.notFromClient))
    var bootp = client
    bootp.options[.messageType] = nil
    #expect(decide(bootp, Self.file, .test(port: port)) == .ignore(.noMessageType))
  }

  @Test("A question to another boot server is not ours")
  func otherBootServer() throws {
    var packet = try DHCPPacket.read(Fixture.uefiBootServerRequest)
    packet.options.set(.serverIdentifier, address(2))
    #expect(decide(packet, Self.file, .test(port: 4011)) == .ignore(.otherServer))
  }
}

/// A decision that a test did not expect.
struct Unexpected: Error {
  var decision: DHCPDecision
}
