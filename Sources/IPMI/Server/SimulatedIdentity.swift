public import Wire

/// Who a simulated machine is: everything that differs between two of a rack, made from a seed and a number.
public struct SimulatedIdentity: Hashable, Sendable {
  public var seed: UInt64

  /// Its place in the rack, from 0.
  public var number: Int

  public init(seed: UInt64 = 0, number: Int = 0) {
    self.seed = seed
    self.number = number
  }

  /// Always the same number for the same thing of the same machine.
  func number(for thing: UInt64) -> UInt64 {
    SeededRandom.mix(
      SeededRandom.mix(seed &+ 0x9e37_79b9_7f4a_7c15) ^ UInt64(truncatingIfNeeded: number) &* 0xff51_afd7_ed55_8ccd
        ^ thing)
  }

  /// `node-00042`
  public var name: String { "node-" + Self.digits(number, count: 5) }

  /// `SIM7K3Q00042`
  public var serialNumber: String { "SIM" + letters(3, for: 1) + Self.digits(number, count: 6) }
  public var boardSerialNumber: String { "BRD" + letters(3, for: 2) + Self.digits(number, count: 6) }

  /// The system GUID, 16 bytes in the order sent; a random one as RFC 4122 has it, so never all alike.
  public var guid: [UInt8] {
    var bytes = [UInt8]()
    for thing in [3, 4] as [UInt64] {
      let half = number(for: thing)
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: half))
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: half >> 32))
    }
    bytes[7] = bytes[7] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    return bytes
  }

  /// The BMC's own network card: locally administered, unique among 16 million machines of one seed.
  public var macAddress: MACAddress {
    MACAddress(
      rawValue: 0x0200_0000_0000 | (SeededRandom.mix(seed) & 0xffff) << 24 | UInt64(truncatingIfNeeded: number)
        & 0xff_ffff)
  }

  private func letters(_ count: Int, for thing: UInt64) -> String {
    let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    var bits = SeededRandom.mix(seed ^ thing)
    return String(
      (0..<count).map { _ in
        defer { bits >>= 5 }
        return letters[Int(bits & 31)]
      })
  }

  private static func digits(_ number: Int, count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}
