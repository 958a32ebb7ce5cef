import TFTP
import Testing
import Wire

struct TFTPPacketTests {
  /// Packets as they are on the wire, with what they mean.
  static let packets: [(hex: String, packet: TFTPPacket)] = [
    // RRQ of OVMF: file, octet, tsize 0, blksize 1468, windowsize 4
    (
      """
      0001 697078652e65666900 6f6374657400 7473697a6500 3000 626c6b73697a6500 3134363800 \
      77696e646f7773697a6500 3400
      """,
      .readRequest(
        TFTPRequest(
          name: "ipxe.efi", mode: .octet,
          options: [
            TFTPOption(.transferSize, "0"), TFTPOption(.blockSize, "1468"), TFTPOption(.windowSize, "4"),
          ]))
    ),
    // RRQ with no options
    ("0001 6100 6e6574617363696900", .readRequest(TFTPRequest(name: "a", mode: .netascii))),
    // WRQ
    ("0002 6100 6f6374657400", .writeRequest(TFTPRequest(name: "a"))),
    // DATA, block 1, three bytes
    ("0003 0001 010203", .data(block: 1, content: 4..<7)),
    // DATA, block 65535, empty
    ("0003 ffff", .data(block: 65535, content: 4..<4)),
    // ACK, block 258
    ("0004 0102", .acknowledgement(block: 258)),
    // ERROR 1
    ("0005 0001 6e6f00", .error(.fileNotFound, message: "no")),
    // OACK
    ("0006 626c6b73697a6500 38313900", .optionAcknowledgement([TFTPOption(.blockSize, "819")])),
  ]

  private func parse(_ wire: [UInt8]) throws -> TFTPPacket { try TFTPPacket(parsing: wire.span) }

  private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hexadecimal.bytes(hex)) }

  @Test("packets are read", arguments: packets)
  func reading(hex: String, packet: TFTPPacket) throws {
    #expect(try parse(bytes(hex)) == packet)
  }

  @Test("packets are written as they were read", arguments: packets)
  func writing(hex: String, packet: TFTPPacket) throws {
    let wire = try bytes(hex)
    if case .data(_, let content) = packet {
      #expect(packet.bytes + wire[content] == wire)
    } else {
      #expect(packet.bytes == wire)
    }
  }

  @Test("modes and option names are read in any case, as RFC 1350 and 2347 allow")
  func caseInsensitive() throws {
    let wire: [UInt8] = [0, 1] + Array("A.efi\0OcTeT\0BLKSIZE\01024\0".utf8)
    guard case .readRequest(let request) = try parse(wire) else {
      Issue.record("not a read request")
      return
    }
    #expect(request.name == "A.efi")
    #expect(request.mode == .octet)
    #expect(request[.blockSize] == "1024")
  }

  @Test(
    "what clients get wrong is borne",
    arguments: [
      ([0, 4, 0, 7, 0, 0], TFTPPacket.acknowledgement(block: 7)),  // padded ACK
      ([0, 5, 0, 0], .error(.undefined, message: "")),  // ERROR without a message
      ([0, 5, 0, 3, 0x61], .error(.diskFull, message: "a")),  // message not terminated
      (  // padding after the mode
        [0, 1, 0x61, 0] + Array("octet".utf8) + [0, 0, 0, 0], .readRequest(TFTPRequest(name: "a"))
      ),
      (  // half an option
        [0, 1, 0x61, 0] + Array("octet\0blksize".utf8), .readRequest(TFTPRequest(name: "a"))
      ),
      (  // an option twice: the first counts
        [0, 6] + Array("tsize\01\0TSIZE\02\0".utf8), .optionAcknowledgement([TFTPOption(.transferSize, "1")])
      ),
    ] as [([UInt8], TFTPPacket)])
  func lenient(wire: [UInt8], packet: TFTPPacket) throws {
    #expect(try parse(wire) == packet)
  }

  @Test("what is no packet says why")
  func malformed() {
    #expect(throws: TFTPParseError.unknownOperation(TFTPOperation(rawValue: 7))) {
      try parse([0, 7])
    }
    #expect(throws: TFTPParseError.unterminatedString(offset: 2)) {
      try parse([0, 1, 0x61])
    }
    #expect(throws: TFTPParseError.truncated(.truncated(offset: 2, needed: 2, available: 1))) {
      try parse([0, 4, 1])
    }
  }

  @Test("every packet cut at every length, and with every bit flipped, is read or refused", arguments: packets)
  func mutations(hex: String, packet: TFTPPacket) throws {
    let wire = try bytes(hex)
    for length in 0...wire.count { _ = try? parse(Array(wire[..<length])) }
    for bit in 0..<wire.count * 8 {
      var flipped = wire
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      if let read = try? parse(flipped) { _ = read.bytes }
    }
  }
}
