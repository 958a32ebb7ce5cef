import Testing

@testable import siderite

@Suite("Addresses on the command line")
struct HostPatternTests {
  @Test(
    "What is meant",
    arguments: [
      (["10.0.0.7"], ["10.0.0.7"]), (["10.0.0.[9-11]"], ["10.0.0.9", "10.0.0.10", "10.0.0.11"]),
      (["bmc[08-10].rack3"], ["bmc08.rack3", "bmc09.rack3", "bmc10.rack3"]),
      (["10.0.[1-2].[7,9]"], ["10.0.1.7", "10.0.1.9", "10.0.2.7", "10.0.2.9"]),
      (["10.0.0.7:6230"], ["10.0.0.7:6230"]),
      (["127.0.0.1:[9001-9003]"], ["127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"]),
      (["a[1-2]:[7-8]"], ["a1:7", "a1:8", "a2:7", "a2:8"]), (["[2001:db8::7]:623"], ["[2001:db8::7]:623"]),
      (["[2001:db8::7]"], ["2001:db8::7"]), (["2001:db8::7"], ["2001:db8::7"]), (["fe80::1%eth0"], ["fe80::1%eth0"]),
      (["[::1]:[1-2]"], ["[::1]:1", "[::1]:2"]), (["a,b[1,3],a"], ["a", "b1", "b3"]), (["a", "b,a"], ["a", "b"]),
      (["[1-2].example"], ["1.example", "2.example"]),
    ])
  func expands(texts: [String], expected: [String]) throws {
    #expect(try HostPattern.expand(texts).map(\.text) == expected)
  }

  @Test(
    "What is not",
    arguments: [
      "", ",", "a,,b", "a b", "a:", "a:0", "a:65536", "a:x", "[::1", "[::1]x", "a[", "a]", "a[]", "a[1-]", "a[3-1]",
      "a[x]", "a[1-2-3]", "a[-1]", "a:[1-70000]", "a[1-2]:[65535-65537]", "https://a", "a[4294967296]", "a[[1]]",
      "a[1]]",
      ":623", "ä",
    ])
  func refuses(text: String) {
    #expect(throws: HostPattern.Failure.self) { try HostPattern.expand([text]) }
  }

  @Test("Too many are refused before they are made")
  func bounded() {
    for text in ["10.[0-255].[0-255].[0-255]", "a[0-4294967295]", "a[1-60000],b[1-60000]"] {
      #expect(throws: HostPattern.Failure.self) { try HostPattern.expand([text]) }
    }
  }

  @Test("Tables are in the order of numbers")
  func order() {
    let names = ["10.0.0.10", "10.0.0.9", "a10", "a9", "a", "10.0.0.9:2", "7", "99999999999999999999999"]
    let sorted = names.sorted { NaturalOrder($0) < NaturalOrder($1) }
    #expect(sorted == ["7", "10.0.0.9", "10.0.0.9:2", "10.0.0.10", "99999999999999999999999", "a", "a9", "a10"])
  }
}
