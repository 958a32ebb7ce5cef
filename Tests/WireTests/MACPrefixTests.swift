import Testing
import Wire

@Suite("The beginning of hardware addresses")
struct MACPrefixTests {
  @Test("is read as it is written", arguments: ["any", "52", "52:54:00", "52:54:00:12:34:56"])
  func text(text: String) throws {
    #expect(try #require(MACPrefix(text)).description == text)
  }

  @Test(
    "is nothing else", arguments: ["", ":", "5", "52:", "52:5", "52:54-00", "52:54:00:12:34:56:78", "x2", "*", "ANY"])
  func wrong(text: String) { #expect(MACPrefix(text) == nil) }

  @Test("holds what begins so")
  func contains() throws {
    let address = try #require(MACAddress("52:54:00:12:34:56"))
    for text in ["any", "52", "52-54-00", "52:54:00:12:34:56"] { #expect(MACPrefix(text)?.contains(address) == true) }
    for text in ["53", "52:54:01", "52:54:00:12:34:57"] { #expect(MACPrefix(text)?.contains(address) == false) }
  }
}
