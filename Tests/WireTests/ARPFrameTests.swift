import Testing
import Wire

@Suite("ARP frames")
struct ARPFrameTests {
  private let station = MACAddress(rawValue: 0x0200_0000_0001)

  private func read(_ bytes: [UInt8]) -> ARPFrame? { ARPFrame(parsing: bytes.span) }
  private func isARP(_ bytes: [UInt8]) -> Bool { ARPFrame.isARP(bytes.span) }

  @Test("A probe is as RFC 5227 has it: the sender's address is left out")
  func probe() throws {
    let address = try #require(IPv4Address("10.0.0.9"))
    var bytes: [UInt8] = []
    ARPFrame.probe(for: address, from: station).serialize(into: &bytes)
    let expected: [UInt8] =
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6]  // Ethernet
      + [0, 1, 8, 0, 6, 4, 0, 1]  // Ethernet, IPv4, lengths, request
      + [2, 0, 0, 0, 0, 1, 0, 0, 0, 0]  // who asks, and no address
      + [0, 0, 0, 0, 0, 0, 10, 0, 0, 9]
    #expect(bytes == expected)
    #expect(isARP(bytes))
    #expect(read(bytes) == .probe(for: address, from: station))
    #expect(read(bytes + [UInt8](repeating: 0, count: 18)) == .probe(for: address, from: station))
  }

  @Test("A frame cut anywhere, or of another kind, is none")
  func damaged() throws {
    var bytes: [UInt8] = []
    ARPFrame.probe(for: .any, from: station).serialize(into: &bytes)
    for count in bytes.indices { #expect(read(Array(bytes[..<count])) == nil) }
    for index in 12..<20 {
      var other = bytes
      other[index] ^= 0x10
      #expect(read(other) == nil, "byte \(index)")
    }
    #expect(!isARP([]))
  }
}
