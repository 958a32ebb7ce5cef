public import Wire

/// A client's link-layer address: `htype`, `hlen` and the 16 bytes of `chaddr` (RFC 2131 §2).
///
/// All 16 bytes are kept as received: a reply echoes them, and bytes behind `hlen` have meaning to some old ROMs.
public struct HardwareAddress: Hashable, Sendable {
  /// `htype`: 1 is Ethernet, 32 InfiniBand (RFC 4390, with `hlen` 0); IANA "Hardware Types".
  public var type: UInt8

  /// `hlen`: how many bytes of `chaddr` count, 0...16.
  public let length: UInt8

  /// `chaddr`, first byte most significant, as two numbers.
  let high: UInt64
  let low: UInt64

  init(type: UInt8, length: UInt8, high: UInt64, low: UInt64) {
    self.type = type
    self.length = length
    self.high = high
    self.low = low
  }

  /// An Ethernet address.
  public init(_ mac: MACAddress) { self.init(type: 1, length: 6, high: mac.rawValue << 16, low: 0) }

  /// The address, if it is an Ethernet one that can name a single station: neither zero nor a group's.
  public var mac: MACAddress? {
    guard type == 1, length == 6 else { return nil }
    let mac = MACAddress(rawValue: high >> 16)
    return mac == .zero || mac.isMulticast ? nil : mac
  }

  /// The `length` bytes that count.
  public var bytes: [UInt8] {
    var all = [UInt8]()
    append(to: &all)
    return Array(all.prefix(Int(length)))
  }

  /// Appends the 16 bytes of `chaddr`.
  func append(to bytes: inout [UInt8]) {
    for number in [high, low] {
      bytes.append(bigEndian: UInt32(truncatingIfNeeded: number >> 32))
      bytes.append(bigEndian: UInt32(truncatingIfNeeded: number))
    }
  }
}
