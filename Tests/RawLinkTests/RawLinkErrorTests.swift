import LinuxSystem
import RawLink
import Testing

@Suite("RawLink")
struct RawLinkErrorTests {
  @Test("a missing interface is said to be missing")
  func missingInterface() {
    #expect(throws: RawLinkError.noSuchInterface("nowhere0")) { _ = try RawLink(.dhcp("nowhere0")) }
    #expect(
      RawLinkError.noSuchInterface("nowhere0").description
        == "interface nowhere0 does not exist: 'ip -brief link' lists those that do")
  }

  @Test("loopback is not Ethernet")
  func loopback() {
    #expect(throws: RawLinkError.notEthernet("lo")) { _ = try RawLink(.dhcp("lo")) }
  }

  @Test("a loop that cannot open its link ends with the reason")
  func loopEnds() async throws {
    struct Deaf: RawLinkHandler {
      func receive(_ frame: Span<UInt8>, on link: borrowing RawLink) {}
      func turn(on link: borrowing RawLink) {}
    }
    let loop = try RawLinkLoop()
    await #expect(throws: RawLinkError.noSuchInterface("nowhere0")) {
      try await loop.run(.dhcp("nowhere0")) { _ in Deaf() }
    }
  }
}
