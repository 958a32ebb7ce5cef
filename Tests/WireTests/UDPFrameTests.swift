import Testing
import Wire

@Suite("UDP frames")
struct UDPFrameTests {
  let frame = UDPFrame(
    destinationMAC: .broadcast, sourceMAC: MACAddress(rawValue: 0x5254_0012_3456),
    source: IPv4Address(rawValue: 0x0a4d_0001), destination: .broadcast, sourcePort: 67, destinationPort: 68)

  func serialized(_ payload: [UInt8]) throws -> [UInt8] {
    var bytes = [UInt8]()
    try frame.serialize(payload: payload.span, into: &bytes)
    return bytes
  }

  @Test("What is written reads back, odd and even lengths", arguments: [0, 1, 2, 299, 300])
  func roundTrip(count: Int) throws {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let bytes = try serialized(payload)
    let (parsed, range) = try UDPFrame.parse(bytes.span)
    #expect(parsed == frame)
    #expect(Array(bytes[range]) == payload)
  }

  @Test("The UDP checksum covers the pseudo header")
  func checksum() throws {
    let bytes = try serialized([1, 2, 3])
    var sum = InternetChecksum()
    sum.add(bytes.span.extracting(26..<34))
    sum.add(17)
    sum.add(11)
    sum.add(bytes.span.extracting(34..<45))
    #expect(sum.value == 0)
  }

  @Test("Ethernet padding is not payload")
  func padding() throws {
    let bytes = try serialized([7]) + [UInt8](repeating: 0xee, count: 17)
    let payload = try UDPFrame.parse(bytes.span).payload
    #expect(payload.count == 1)
  }

  @Test("Cut at every length it is refused")
  func truncation() throws {
    let bytes = try serialized([1, 2, 3, 4])
    for length in 0..<bytes.count {
      let cut = Array(bytes[..<length])
      #expect(throws: UDPFrameError.self) { try UDPFrame.parse(cut.span) }
    }
  }

  @Test("With every bit flipped it is refused or read, never trapped on")
  func mutation() throws {
    let bytes = try serialized([1, 2, 3, 4])
    for bit in 0..<(bytes.count * 8) {
      var mutated = bytes
      mutated[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try? UDPFrame.parse(mutated.span)
    }
  }
}
