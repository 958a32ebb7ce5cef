import Testing
import Wire

@Suite("IPv6 addresses")
struct IPv6AddressTests {
  @Test(
    "text is read in every form of RFC 4291 and written in the one of RFC 5952",
    arguments: [
      ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("FD77::00A1", "fd77::a1"),
      ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
      ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8"),
      ("::ffff:10.0.0.1", "::ffff:a00:1"), ("1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:a00:1"),
    ])
  func text(written: String, read: String) {
    #expect(IPv6Address(written)?.description == read)
    #expect(IPv6Address(read)?.description == read)
  }

  @Test(
    "what is no address is not read as one",
    arguments: [
      "", ":", "1:", ":1", "1:::2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "g::",
      "12345::", "::1%eth0", "[::1]", "::1/64", "1:2:3:4:5:6:7:10.0.0.1", "10.0.0.1", "::10.0.0.1:1", "::256.0.0.1",
      String(repeating: "0:", count: 100),
    ])
  func nonsense(text: String) { #expect(IPv6Address(text) == nil) }

  @Test("the card's address is found in an identifier that was made from it, and in no other")
  func hardwareAddress() throws {
    let made = try #require(IPv6Address("fe80::5054:ff:fe77:2"))
    #expect(made.hardwareAddress == MACAddress("52:54:00:77:00:02"))
    #expect(made.isLinkLocal)
    for text in ["fe80::1", "fe80::d4c1:2a9f:7e31:55aa", "fe80::200:ff:fe00:0", "fe80::300:ff:fe00:1"] {
      #expect(try #require(IPv6Address(text)).hardwareAddress == nil, "\(text)")
    }
  }

  @Test("a network has its addresses, and no host bits in its text")
  func prefix() throws {
    let prefix = try #require(IPv6Prefix("fd77::/64"))
    #expect(prefix.contains(try #require(IPv6Address("fd77::ffff:1"))))
    #expect(!prefix.contains(try #require(IPv6Address("fd77:0:0:1::1"))))
    for text in ["fd77::1/64", "fd77::/129", "fd77::/-1", "fd77::", "fd77::/"] {
      #expect(IPv6Prefix(text) == nil, "\(text)")
    }
    #expect(IPv6Prefix("::/0")?.contains(.loopback) == true)
  }

  @Test("an address of either version stands in a URL as RFC 3986 has it")
  func url() {
    #expect(IPAddress("10.0.0.1")?.urlHost == "10.0.0.1")
    #expect(IPAddress("fd77::1")?.urlHost == "[fd77::1]")
    #expect(IPAddress("fd77::1")?.bytes.count == 16)
    #expect(IPAddress("host") == nil)
  }
}
