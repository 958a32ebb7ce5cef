import BMC
import Testing
import Wire

@testable import IPMI

/// Codes, keys and packets against values computed without this code: Python's `hmac`, `hashlib` and `cryptography`,
/// from the definitions in IPMI v2.0 §13.31 and §13.28. In Python:
///
///     h = lambda key, m: hmac.new(key, m, alg).digest(); ident = bytes([role, len(user)]) + user
///     bmcCode = h(pw20, pack('<II', sidm, sidc) + rm + rc + guid + ident)
///     consoleCode = h(pw20, rc + pack('<I', sidm) + ident)
///     integrityKey = h(kg20 or pw20, rm + rc + ident); k1, k2 = h(sik, b'\1' * 20), h(sik, b'\2' * 20)
///     checkValue = h(sik, rm + pack('<I', sidc) + guid)[:12 or 16]
///
/// with keys padded to 20 zero-filled bytes, and the packet: Get Chassis Status, rqSeq 5, sequence 7, IV 00…0F.
struct RAKPTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var suite: UInt8
    var hasKey: Bool
    var bmcCode: String
    var consoleCode: String
    var checkValue: String
    var integrityKey: String
    var packet: String
    var testDescription: String { "suite \(suite)\(hasKey ? ", Kg" : "")" }
  }

  static let vectors = [
    Vector(
      suite: 3, hasKey: false,
      bmcCode: "73393b57dfc58bdec19482c3070662afcdfaaade",
      consoleCode: "05693d3ad1b45a261a7463c7e14bbd504fe92bd2",
      checkValue: "bbd563c2ffe2ef6f3ff827a1",
      integrityKey: "bf194bf36616e8cbaf9341a0d0009628e20b737e",
      packet:
        "0600ff0706c000030002070000002000000102030405060708090a0b0c0d0e0fe28b03a6dd5df700120c3e6d9ba4a3d9"
        + "ffff0207c1654798131f9cf830103e5d"),
    Vector(
      suite: 3, hasKey: true,
      bmcCode: "73393b57dfc58bdec19482c3070662afcdfaaade",
      consoleCode: "05693d3ad1b45a261a7463c7e14bbd504fe92bd2",
      checkValue: "249ca131474a094706d39c44",
      integrityKey: "08019fbdce1ff4b242960f88fbb1335449f5593e",
      packet:
        "0600ff0706c000030002070000002000000102030405060708090a0b0c0d0e0ffd0e155949116a31f73f322016fc8137"
        + "ffff020781c73212ceb93b3e40dd6611"),
    Vector(
      suite: 8, hasKey: false,
      bmcCode: "d17b7104790af5d9feb23e5bfb6578b3",
      consoleCode: "33b3f3e39ad6fe08afdfd46f6449d02c",
      checkValue: "5b4c1f709341560f244c7b581c2a2cc7",
      integrityKey: "286af55e2e673deb3f6692fce341703b",
      packet:
        "0600ff0706c000030002070000002000000102030405060708090a0b0c0d0e0f2c144bd4e12efb96d2ae9fe8f43e61f2"
        + "ffff02072e4bbff4ef2918f67fe1afcf2d1ded85"),
    Vector(
      suite: 8, hasKey: true,
      bmcCode: "d17b7104790af5d9feb23e5bfb6578b3",
      consoleCode: "33b3f3e39ad6fe08afdfd46f6449d02c",
      checkValue: "456f2de6ee2e280c307e8a9751f4882c",
      integrityKey: "8d7da3c9e1dd31f2e409683134b76a07",
      packet:
        "0600ff0706c000030002070000002000000102030405060708090a0b0c0d0e0f2aec02677d4e3aaabcdd5f9b28dcb416"
        + "ffff0207d291cc147ed6b8bbacdbd394b08891fb"),
    Vector(
      suite: 17, hasKey: false,
      bmcCode: "809d42c69b6f10c569c7cf480c366f5b927669d21073fb23e4f664e9b42180c0",
      consoleCode: "093a37ffe4848afb9165cf4fc20482479b177069b2f2db37259fead0be849d89",
      checkValue: "18694529ffa7a654d8e46398177c91b9",
      integrityKey: "9173d94c8007f6df6dbf4d9f08cff079c6c2b25220a801553d1e633f1b27bfd8",
      packet:
        "0600ff0706c000030002070000002000000102030405060708090a0b0c0d0e0f83f38888c1bd7ee9ccde9a8cf3ee419b"
        + "ffff0207a4ef681349ff7b1a264cc68c7a9f7a89"),
    Vector(
      suite: 17, hasKey: true,
      bmcCode: "809d42c69b6f10c569c7cf480c366f5b927669d21073fb23e4f664e9b42180c0",
      consoleCode: "093a37ffe4848afb9165cf4fc20482479b177069b2f2db37259fead0be849d89",
      checkValue: "e9b7a1bf80d7624e1400304c63fe8224",
      integrityKey: "a7b1c7af85074635d0664072634ffe35085618618dc7e36a790fdb720724589c",
      packet:
        "0600ff0706c000030002070000002000000102030405060708090a0b0c0d0e0fcf20aa6829000f08fd5219092bb303d0"
        + "ffff0207b892d98888636f540db03e9e522fc3e3"),
  ]

  private let crypto = OpenSSLCrypto()

  private func exchange(_ vector: Vector) throws -> RAKPExchange {
    RAKPExchange(
      suite: try #require(CipherSuite(identifier: vector.suite)), consoleSessionID: 0xa0a1_a2a3,
      bmcSessionID: 0x0200_0300, consoleRandom: Array(0x10...0x1f), bmcRandom: Array(0xc0...0xcf),
      guid: Array(0x50...0x5f), role: 0x14, userName: Array("admin".utf8),
      password: KeyMaterial(password: "correct horse batte"),
      bmcKey: vector.hasKey ? KeyMaterial(password: "0123456789abcdefghij") : nil)
  }

  private func keys(_ vector: Vector) throws -> SessionKeys {
    let exchange = try exchange(vector)
    return SessionKeys(
      suite: exchange.suite, integrityKey: exchange.integrityKey(using: crypto), password: exchange.password,
      using: crypto)
  }

  @Test("codes and keys of a login are those computed independently", arguments: vectors)
  func codes(vector: Vector) throws {
    let exchange = try exchange(vector)
    #expect(Hexadecimal.text(exchange.bmcCode(using: crypto)) == vector.bmcCode)
    #expect(Hexadecimal.text(exchange.consoleCode(using: crypto)) == vector.consoleCode)
    #expect(Hexadecimal.text(exchange.checkValue(using: crypto)) == vector.checkValue)
    #expect(Hexadecimal.text(exchange.integrityKey(using: crypto).exposedBytes) == vector.integrityKey)
  }

  private static let request = IPMIMessage(request: IPMIRequest(GetChassisStatus()), sequence: 5)

  @Test("a packet is signed and encrypted as computed independently, and opened again", arguments: vectors)
  func packet(vector: Vector) throws {
    let keys = try keys(vector)
    let sealed = keys.seal(
      Self.request.bytes, type: .ipmi, sessionID: 0x0200_0300, sequence: 7, initializationVector: Array(0...15),
      using: crypto)
    #expect(Hexadecimal.text(sealed) == vector.packet)
    let packet = try RMCPPlusPacket(parsing: sealed.span)
    let payload = try keys.open(sealed.span, of: packet, using: crypto)
    #expect(try IPMIMessage(parsing: payload.span) == Self.request)
  }

  private func opens(_ datagram: [UInt8], _ keys: SessionKeys) -> Bool {
    guard let packet = try? RMCPPlusPacket(parsing: datagram.span) else { return false }
    return (try? keys.open(datagram.span, of: packet, using: crypto)) != nil
  }

  @Test("a packet cut at any length or with any bit flipped is not opened", arguments: vectors)
  func forgery(vector: Vector) throws {
    let keys = try keys(vector)
    let good = try #require(Hexadecimal.bytes(vector.packet))
    #expect(opens(good, keys))
    for length in 0..<good.count { #expect(!opens(Array(good.prefix(length)), keys)) }
    // The RMCP header's reserved and sequence bytes are not signed and mean nothing here.
    for bit in 0..<good.count * 8 where bit / 8 != 1 && bit / 8 != 2 {
      var bad = good
      bad[bit / 8] ^= 1 << (bit % 8)
      #expect(!opens(bad, keys), "bit \(bit)")
    }
    #expect(!opens(good + [0], keys))
  }

  @Test("an IPMI 1.5 packet is signed with MD5 as computed independently, and no other is good")
  func version15() throws {
    let good = try #require(
      Hexadecimal.bytes(
        // RMCP, MD5, sequence 9, session 11223344, code, length, Get Chassis Status rqSeq 5
        "0600ff07 02 09000000 44332211 84a1a703d48114ddb41916212c5fae44 07 2000e08114016a"))
    let password = KeyMaterial(password: "secret")
    let packet = Version15Packet(
      Self.request.bytes, authentication: .md5, sequence: 9, sessionID: 0x1122_3344, password: password,
      using: crypto)
    #expect(packet.bytes == good)
    for bit in 32..<good.count * 8 {
      var bad = good
      bad[bit / 8] ^= 1 << (bit % 8)
      guard let parsed = try? Version15Packet(parsing: bad.span) else { continue }
      // A larger length takes in nothing, as no bytes are left; a smaller one signs less.
      #expect(!parsed.isSigned(with: password, using: crypto), "bit \(bit)")
    }
    for length in 0..<good.count {
      #expect(throws: IPMIParseError.self) { try Version15Packet(parsing: Array(good.prefix(length)).span) }
    }
  }

  @Test("keys are not printed")
  func redaction() throws {
    let key = KeyMaterial(password: "secret")
    #expect("\(key)" == "<redacted>")
    #expect(String(reflecting: key) == "<redacted>")
    var dumped = ""
    dump(IPMISessionConfiguration.test(), to: &dumped)
    #expect(!dumped.contains("secret") && !dumped.contains("115"))
  }
}
