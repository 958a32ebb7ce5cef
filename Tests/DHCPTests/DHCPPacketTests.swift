import DHCP
import Testing
import Wire

@Suite("DHCP messages")
struct DHCPPacketTests {
  /// The header of a DISCOVER, to be followed by options.
  static let header = hex("01 01 06 00 00000001 0000 0000 00*16 525400770001 00*10 00*64 00*128 63825363")

  static func packet(options: String) throws(DHCPParseError) -> DHCPPacket {
    try DHCPPacket.read(header + hex(options))
  }

  @Test("Every field of a real DISCOVER is read")
  func fields() throws {
    let packet = try DHCPPacket.read(Fixture.ipxeBIOSDiscover)
    #expect(packet.operation == .request)
    #expect(packet.transactionID.description == "0xe257bd51")
    #expect(packet.seconds == 4)
    #expect(!packet.isBroadcast)
    #expect(packet.clientHardware.mac == mac(1))
    #expect(packet.messageType == .discover)
    #expect(packet.maximumReplySize == 1472 - 28)
    #expect(packet.options.text(.vendorClass) == "PXEClient:Arch:00000:UNDI:002001")
    #expect(Array(packet.options.codes.map(\.rawValue)) == [53, 57, 93, 94, 60, 77, 55, 175, 61, 97])
  }

  @Test("What is written reads back equal", arguments: Fixture.all.map(\.name))
  func roundTrip(name: String) throws {
    let bytes = try #require(Fixture.all.first { $0.name == name }).bytes
    let packet = try DHCPPacket.read(bytes)
    let written = packet.serialized
    #expect(written.starts(with: bytes))
    #expect(written.count == max(300, bytes.count))
    #expect(written.count == packet.serializedSize)
    #expect(try DHCPPacket.read(written) == packet)
  }

  @Test("Cut at any length, a message is refused or has fewer options", arguments: Fixture.all.map(\.name))
  func truncation(name: String) throws {
    let bytes = try #require(Fixture.all.first { $0.name == name }).bytes
    let whole = try DHCPPacket.read(bytes)
    for count in 0..<bytes.count {
      let cut = Array(bytes.prefix(count))
      if count < 240 {
        #expect(throws: DHCPParseError.self) { try DHCPPacket.read(cut) }
      } else if let packet = try? DHCPPacket.read(cut) {
        // Cut between two options: only the end option is missing, and that is forgiven.
        #expect(packet.options.count <= whole.options.count)
        #expect(packet.options.codes.elementsEqual(whole.options.codes.prefix(packet.options.count)))
      }
    }
  }

  @Test("Any bit flipped, nothing traps, and what is read can be answered", arguments: Fixture.all.map(\.name))
  func mutation(name: String) throws {
    let bytes = try #require(Fixture.all.first { $0.name == name }).bytes
    var responders = [DHCPResponder(mode: .proxy), DHCPResponder(mode: .server(.test))]
    // Plain checks: an expectation per bit takes longer than all the rest.
    var failures = [Int]()
    // `sname` and `file` are empty in all of them: one bit of each of their bytes tells as much as eight.
    for bit in 0..<bytes.count * 8 where bit % 8 == 0 || !(44..<236).contains(bit / 8) {
      var mutated = bytes
      mutated[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let packet = try? DHCPPacket.read(mutated) else { continue }
      let client = PXEClient(packet)
      if try DHCPPacket.read(packet.serialized) != packet { failures.append(bit) }
      if packet.text.isEmpty || client?.vendorClass.utf8.count ?? 0 > 64 { failures.append(bit) }
      for (index, port) in [(0, DHCPPort.server), (0, DHCPPort.bootServer), (1, DHCPPort.server)] {
        let decision = responders[index].decide(
          packet, from: client, arrival: .test(port: port), boot: .file(server: address(1), name: "a"),
          now: Timestamp(seconds: 0))
        switch decision {
        case .ignore, .probe: break
        case .reply(let reply):
          if try DHCPPacket.read(reply.packet.serialized) != reply.packet { failures.append(bit) }
        case .commit(let change, _): responders[index].confirm(change)
        }
      }
    }
    #expect(failures == [])
  }

  @Test("Random bytes behind a good header never trap")
  func noise() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let tail = (0..<Int.random(in: 0...90, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      // Every fourth claims that `file` and `sname` hold options, and these are noise too.
      var bytes = Self.header + (Bool.random(using: &random) ? [52, 1, 3] : []) + tail
      for index in 44..<236 where Bool.random(using: &random) {
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      }
      if let packet = try? DHCPPacket.read(bytes) {
        _ = PXEClient(packet)
        _ = packet.text
      }
    }
  }

  @Test("The fixed part is checked")
  func header() {
    func error(_ edit: (inout [UInt8]) -> Void) -> DHCPParseError? {
      var bytes = Self.header
      edit(&bytes)
      do throws(DHCPParseError) {
        _ = try DHCPPacket.read(bytes)
        return nil
      } catch {
        return error
      }
    }
    #expect(error { _ in } == nil)
    #expect(error { $0[0] = 3 } == .badOperation(3))
    #expect(error { $0[2] = 17 } == .badHardwareLength(17))
    #expect(error { $0[236] = 0 } == .badMagicCookie(0x0082_5363))
    #expect(error { $0 += [12, 5, 65] } == .truncatedOption(.hostName, offset: 0, needed: 7, available: 3))
    #expect(error { $0 += [0, 12] } == .truncatedOption(.hostName, offset: 1, needed: 2, available: 1))
    #expect(error { $0 += [UInt8](repeating: 0, count: 4000) } == .oversized(4240))
    #expect(error { $0.removeLast() } == .truncated(.truncated(offset: 236, needed: 4, available: 3)))
  }

  @Test(
    "Pads are passed over, the end ends, and its absence is forgiven",
    arguments: [
      "00 00 35 01 01 00 0c 01 41 ff 0c 05 00",
      "35 01 01 0c 01 41",
    ])
  func punctuation(options: String) throws {
    let packet = try Self.packet(options: options)
    #expect(packet.messageType == .discover)
    #expect(packet.options.text(.hostName) == "A")
    #expect(packet.options.count == 2)
  }

  @Test("An option in pieces reads as one, in the place of its first piece (RFC 3396)")
  func pieces() throws {
    let packet = try Self.packet(options: "43 02 'ab' 35 01 01 43 01 'c' 0c 01 41 43 01 'd' ff")
    #expect(packet.options.text(.bootFileName) == "abcd")
    #expect(Array(packet.options.codes.map(\.rawValue)) == [67, 53, 12])
  }

  @Test("An option longer than 255 bytes is written in pieces (RFC 3396)", arguments: [255, 256, 510, 511])
  func long(count: Int) throws {
    var packet = try Self.packet(options: "35 01 01 ff")
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    packet.options.set(.bootFileName, value)
    let written = packet.serialized
    #expect(written.count == max(300, 240 + 3 + count + 2 * ((count + 254) / 255) + 1))
    #expect(written[244] == 255)
    let read = try DHCPPacket.read(written)
    #expect(read.options[.bootFileName].map(Array.init) == value)
  }

  @Test(
    "Overloaded fields are read as options, file before sname (RFC 2131 §4.1)",
    arguments: [
      (1, "ab", [UInt8](), Array("sn".utf8)), (2, "ac", Array("fi".utf8), []), (3, "abc", [], []),
    ])
  func overload(value: UInt8, text: String, file: [UInt8], serverName: [UInt8]) throws {
    var bytes = Self.header + hex("35 01 01 34 01 00 43 01 'a' ff")
    bytes[245] = value
    let fileField = value & 1 != 0 ? hex("43 01 'b' ff") : hex("'fi'")
    let nameField = value & 2 != 0 ? hex("43 01 'c' ff") : hex("'sn'")
    bytes.replaceSubrange(108..<108 + fileField.count, with: fileField)
    bytes.replaceSubrange(44..<44 + nameField.count, with: nameField)
    let packet = try DHCPPacket.read(bytes)
    #expect(packet.options.text(.bootFileName) == text)
    #expect(packet.bootFile == file)
    #expect(packet.serverName == serverName)
    #expect(!packet.options.contains(.overload))
  }

  @Test("A file name that fills its field needs no NUL")
  func fullFile() throws {
    var bytes = Self.header + [53, 1, 1, 255]
    bytes.replaceSubrange(108..<236, with: repeatElement(0x61, count: 128))
    let packet = try DHCPPacket.read(bytes)
    #expect(packet.bootFile == [UInt8](repeating: 0x61, count: 128))
    #expect(packet.serialized.starts(with: bytes))
  }

  @Test(
    "A value of the wrong length is no value",
    arguments: [
      "32 03 0a0000", "32 05 0a00000001", "32 00",
    ])
  func wrongLength(option: String) throws {
    #expect(try Self.packet(options: option).requestedAddress == nil)
  }

  @Test("Options are replaced in their place, removed and compared by what they say")
  func editing() throws {
    var options = DHCPOptions()
    options.set(.hostName, "a")
    options.set(.router, [address(1), address(2)])
    options.set(.hostName, "bc")
    var other = DHCPOptions()
    other.set(.hostName, "bc")
    other.set(.router, [address(1), address(2)])
    #expect(options == other)
    #expect(options.hashValue == other.hashValue)
    #expect(options.addresses(.router) == [address(1), address(2)])
    options[.hostName] = nil
    #expect(options.count == 1)
    options.set(.end, [1])
    options.set(.pad, [1])
    #expect(options.count == 1)
  }

  @Test("The text form says every field once")
  func text() throws {
    #expect(
      try DHCPPacket.read(Fixture.uefiBootServerRequest).text == """
        request REQUEST xid 0x1ce0cf04
        ciaddr 10.77.0.131
        chaddr 52:54:00:77:00:02
        option 53: REQUEST
        option 57: 1472
        option 55: 1 2 3 4 5 6 12 13 15 17 18 22 23 28 40 41 42 43 50 51 54 58 \
        59 60 66 67 97 128 129 130 131 132 133 134 135
        option 97: 1f0c6a50-5b1d-4e0c-9a02-525400770002
        option 94: 010300
        option 93: 7
        option 60: "PXEClient:Arch:00007:UNDI:003000"

        """)
  }
}

/// A small generator whose sequence depends on its seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension DHCPServerConfiguration {
  /// 10.77.0.0/24: we are .1, the pool is .100 to .109, .50 is reserved for machine 5.
  static var test: DHCPServerConfiguration {
    guard let subnet = IPv4Prefix("10.77.0.0/24") else { preconditionFailure("a literal prefix") }
    var configuration = DHCPServerConfiguration(subnet: subnet, pools: [address(100)...address(109)])
    configuration.reservations = [Reservation(mac: mac(5), address: address(50), hostName: "five")]
    configuration.excluded = [address(1)]
    configuration.routers = [address(254)]
    configuration.nameServers = [address(1), address(2)]
    configuration.domainName = "rack.test"
    return configuration
  }
}

extension DHCPArrival {
  /// A broadcast to us at 10.77.0.1.
  static func test(
    port: UInt16 = DHCPPort.server, source: IPv4Address = .any, sourcePort: UInt16 = DHCPPort.client,
    isUnicast: Bool = false
  ) -> DHCPArrival {
    DHCPArrival(
      serverAddress: address(1), source: source, sourcePort: sourcePort, destinationPort: port, isUnicast: isUnicast)
  }
}
