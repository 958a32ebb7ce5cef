import Testing
import Wire

@Suite("Addresses and identities")
struct AddressTests {
  @Test("A hardware address reads colons and iPXE's hyphens and writes both")
  func hardwareAddress() throws {
    let address = try #require(MACAddress("52:54:00:Ab:34:56"))
    #expect(address == MACAddress("52-54-00-ab-34-56"))
    #expect(address.description == "52:54:00:ab:34:56")
    #expect(address.hyphenated == "52-54-00-ab-34-56")
    #expect(address.bytes == [0x52, 0x54, 0, 0xab, 0x34, 0x56])
    #expect(!address.isMulticast && MACAddress.broadcast.isMulticast)
  }

  @Test(
    "Not hardware addresses",
    arguments: ["", "52:54:00:12:34", "52:54-00:12:34:56", "525400123456", "52:54:00:12:34:5g", "52:54:00:12:34:567"])
  func badHardwareAddress(text: String) { #expect(MACAddress(text) == nil) }

  @Test(
    "An IPv4 address reads and writes dotted decimals",
    arguments: ["10.77.0.254", "0.0.0.0", "255.255.255.255", "1.2.3.4"])
  func ipv4(text: String) { #expect(IPv4Address(text)?.description == text) }

  @Test(
    "Not IPv4 addresses",
    arguments: [
      "", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1.2", "a.b.c.d", "10.0.0.-1", "10..0.1", ".0.0.1", "10.0.0.",
      "10.0.0.1 ", "10.0.0.1000", "٠.0.0.1",
    ])
  func badIPv4(text: String) { #expect(IPv4Address(text) == nil) }

  @Test("A prefix knows its hosts")
  func prefix() throws {
    let prefix = try #require(IPv4Prefix("10.77.0.0/24"))
    #expect(prefix.mask.description == "255.255.255.0")
    #expect(prefix.last.description == "10.77.0.255")
    #expect(prefix.isHost(try #require(IPv4Address("10.77.0.1"))))
    #expect(!prefix.isHost(prefix.network) && !prefix.isHost(prefix.last))
    let pair = try #require(IPv4Prefix("10.77.0.0/31"))
    #expect(pair.isHost(pair.network) && pair.isHost(pair.last))
    #expect(IPv4Prefix("0.0.0.0/0")?.mask == .any)
  }

  @Test("Not prefixes", arguments: ["10.77.0.1/24", "10.77.0.0/33", "10.77.0.0", "10.77.0.0/-1", "/"])
  func badPrefix(text: String) { #expect(IPv4Prefix(text) == nil) }

  @Test("A UUID as SMBIOS lays it out reads as dmidecode shows it")
  func uuid() throws {
    let bytes = try #require(Hexadecimal.bytes("33221100 5544 7766 8899 aabbccddeeff"))
    let uuid = try #require(SystemUUID(mixedEndian: bytes))
    #expect(uuid.description == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(uuid.mixedEndianBytes == bytes)
    #expect(SystemUUID("00112233-4455-6677-8899-AABBCCDDEEFF") == uuid)
    #expect(!uuid.isUnset)
    #expect(SystemUUID("00000000-0000-0000-0000-000000000000")?.isUnset == true)
    #expect(SystemUUID("ffffffff-ffff-ffff-ffff-ffffffffffff")?.isUnset == true)
  }

  @Test(
    "Not UUIDs",
    arguments: [
      "", "0011223-34455-6677-8899-aabbccddeeff", "00112233445566778899aabbccddeeff",
      "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff0",
      "00112233-4455-6677-8899-aabbccddeefg", "00112233 4455-6677-8899-aabbccddeeff",
      "00112233-4455-6677-8899- abbccddeeff", "é0112233-4455-6677-8899-aabbccddeef",
    ])
  func badUUID(text: String) { #expect(SystemUUID(text) == nil) }

  @Test(
    "A moment is written and read as Kubernetes does",
    arguments: [
      ("1970-01-01T00:00:00Z", Int64(0)), ("2026-11-22T16:43:50Z", 1_795_365_830),
      ("2000-02-29T23:59:59Z", 951_868_799),
      ("1969-12-31T23:59:59Z", -1),
    ])
  func timestamp(text: String, seconds: Int64) {
    #expect(Timestamp(seconds: seconds).description == text)
    #expect(Timestamp(text)?.seconds == seconds)
  }
}
