import DHCP
import Testing
import Wire

@Suite("DHCPv6 messages")
struct DHCPv6PacketTests {
  typealias Wire = DHCPv6Messages

  static let solicit = Wire.message(
    .solicit, Wire.client, Wire.association(), Wire.option(8, [0, 0]), Wire.firmware(),
    Wire.option(39, [0, 4] + Array("web1".utf8) + [3] + Array("lab".utf8) + [0]))

  @Test("a SOLICIT of firmware is read field by field, and written as it was")
  func read() throws {
    let packet = try DHCPv6Packet(parsing: Self.solicit.span)
    #expect(packet.type == .solicit && packet.transactionID == 0xabcdef)
    #expect(packet.clientIdentifier?.bytes == Wire.clientDUID)
    #expect(packet.serverIdentifier == nil)
    #expect(try packet.identityAssociations().map(\.identifier) == [0x1234_5678])
    #expect(packet.requests(.bootFileURL) && packet.requests(.nameServers) && !packet.requests(.vendorClass))
    #expect(packet.hostName == "web1.lab")
    var bytes: [UInt8] = []
    packet.serialize(into: &bytes)
    #expect(bytes == Self.solicit)
  }

  @Test("firmware and iPXE are known by what they call themselves")
  func clients() throws {
    let pxe = try #require(DHCPv6BootClient(try DHCPv6Packet(parsing: Self.solicit.span), mac: Wire.mac))
    #expect(pxe.architecture == .uefiX64 && !pxe.isHTTP && !pxe.isIPXE)
    #expect(pxe.uuid == SystemUUID("1f0c6a50-5b1d-4e0c-9a02-525400770002"))
    let http = try DHCPv6Packet(parsing: Wire.message(.solicit, Wire.client, Wire.firmware(http: true)).span)
    let client = try #require(DHCPv6BootClient(http, mac: nil))
    #expect(client.isHTTP && client.architecture == .httpX64)
    let ipxe = try DHCPv6Packet(parsing: Wire.message(.solicit, Wire.client, Wire.ipxe).span)
    #expect(DHCPv6BootClient(ipxe, mac: nil)?.isIPXE == true)
    let system = try DHCPv6Packet(parsing: Wire.message(.solicit, Wire.client).span)
    #expect(DHCPv6BootClient(system, mac: nil) == nil)
  }

  @Test("a message cut anywhere but between two options is refused, and a long one too")
  func truncated() throws {
    var whole = 0
    for count in 0..<Self.solicit.count {
      let part = Array(Self.solicit[..<count])
      if (try? DHCPv6Packet(parsing: part.span)) != nil { whole += 1 }
    }
    // Behind the header, and behind each of its options but the last.
    #expect(whole == 7)
    #expect(throws: DHCPv6ParseError.oversized(5000)) {
      try DHCPv6Packet(parsing: [UInt8](repeating: 0, count: 5000).span)
    }
    #expect(throws: DHCPv6ParseError.tooManyOptions) {
      try DHCPv6Packet(parsing: (Wire.hex("01 000000") + [UInt8](repeating: 0, count: 4 * 200)).span)
    }
    #expect(throws: DHCPv6ParseError.relayed) { try DHCPv6Packet(parsing: [UInt8](repeating: 12, count: 40).span) }
  }

  @Test("no change of one byte of a message is a crash")
  func mutated() {
    for index in Self.solicit.indices {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var bytes = Self.solicit
        bytes[index] = value
        guard let packet = try? DHCPv6Packet(parsing: bytes.span) else { continue }
        _ = try? packet.identityAssociations()
        _ = (packet.hostName, DHCPv6BootClient(packet, mac: nil), packet.requests(.bootFileURL))
        var written: [UInt8] = []
        packet.serialize(into: &written)
        #expect(written == bytes)
      }
    }
  }

  @Test("an IA or an address inside of it that is too short is refused")
  func shortAssociations() throws {
    let shortAddress = Wire.hex("00000001 00000000 00000000 0005 0004 fd770000")
    for value in [Wire.option(3, [0, 0, 0, 1]), Wire.option(3, shortAddress)] {
      let packet = try DHCPv6Packet(parsing: Wire.message(.solicit, Wire.client, value).span)
      #expect(throws: DHCPv6ParseError.self) { try packet.identityAssociations() }
    }
  }

  @Test("a DUID has 3 to 130 bytes, and its card's address where it has one")
  func duids() {
    #expect(DUID(bytes: [0, 1]) == nil && DUID(bytes: [UInt8](repeating: 1, count: 131)) == nil)
    #expect(DUID(bytes: Wire.hex("0003 0001 525400770002"))?.hardwareAddress == Wire.mac)
    #expect(DUID(bytes: Wire.hex("0001 0001 2aff0000 525400770002"))?.hardwareAddress == Wire.mac)
    #expect(DUID(bytes: Wire.hex("0003 0020 525400770002"))?.hardwareAddress == nil)
    #expect(DUID(bytes: Wire.clientDUID)?.hardwareAddress == nil)
  }

  @Test("a router advertisement says: managed, other, no router, and the network on the link")
  func advertisement() throws {
    var bytes: [UInt8] = []
    RouterAdvertisement(prefix: try #require(IPv6Prefix("fd77::/64")), isAutonomous: true, mac: Wire.mac)
      .serialize(into: &bytes)
    #expect(
      bytes
        == Wire.hex(
          // type, code, checksum; hop limit, M and O, lifetime; reachable; retransmission
          "86 00 0000 00 c0 0000 00000000 00000000"
            // source link-layer address
            + " 01 01 525400770002"
            // prefix information: length 64, L and A, a day, a day
            + " 03 04 40 c0 00015180 00015180 00000000 fd77 0000 0000 0000 0000 0000 0000 0000"))
  }
}
