/// An Ethernet frame that carries ARP for IPv4 (RFC 826): how a server finds out whether somebody has an address.
///
/// ```
/// | Ethernet II: dst(6) src(6) 0806 | 0001 0800 06 04 op(2) | sha(6) spa(4) tha(6) tpa(4) |
/// ```
/// All fields are in network order; switches and network cards pad it behind.
public struct ARPFrame: Hashable, Sendable {
  public static let request: UInt16 = 1
  public static let reply: UInt16 = 2

  public var destinationMAC: MACAddress
  public var sourceMAC: MACAddress
  /// `op`: ``request``, ``reply``, or what nobody sends.
  public var operation: UInt16
  /// `sha`, `spa`: the sender's.
  public var senderMAC: MACAddress
  public var senderAddress: IPv4Address
  /// `tha`, `tpa`: who is asked for, or told.
  public var targetMAC: MACAddress
  public var targetAddress: IPv4Address

  public init(
    destinationMAC: MACAddress, sourceMAC: MACAddress, operation: UInt16, senderMAC: MACAddress,
    senderAddress: IPv4Address, targetMAC: MACAddress, targetAddress: IPv4Address
  ) {
    self.destinationMAC = destinationMAC
    self.sourceMAC = sourceMAC
    self.operation = operation
    self.senderMAC = senderMAC
    self.senderAddress = senderAddress
    self.targetMAC = targetMAC
    self.targetAddress = targetAddress
  }

  /// Asks all stations who has an address, without saying that one's own is this or that: an ARP Probe (RFC 5227 §2.1.1),
  /// which leaves no trace in anybody's table.
  public static func probe(for address: IPv4Address, from station: MACAddress) -> ARPFrame {
    ARPFrame(
      destinationMAC: .broadcast, sourceMAC: station, operation: request, senderMAC: station, senderAddress: .any,
      targetMAC: .zero, targetAddress: address)
  }

  /// Whether a frame says that it is ARP.
  public static func isARP(_ bytes: Span<UInt8>) -> Bool { bytes.count > 13 && bytes[12] == 8 && bytes[13] == 6 }

  /// Reads a frame; `nil` for one that is cut short, or is no ARP of Ethernet and IPv4.
  public init?(parsing bytes: Span<UInt8>) {
    var offset = 0
    do {
      destinationMAC = try bytes.readMACAddress(at: &offset)
      sourceMAC = try bytes.readMACAddress(at: &offset)
      guard try bytes.readUInt16(at: &offset) == 0x0806, try bytes.readUInt32(at: &offset) == 0x0001_0800,
        try bytes.readUInt16(at: &offset) == 0x0604
      else { return nil }
      operation = try bytes.readUInt16(at: &offset)
      senderMAC = try bytes.readMACAddress(at: &offset)
      senderAddress = try bytes.readIPv4Address(at: &offset)
      targetMAC = try bytes.readMACAddress(at: &offset)
      targetAddress = try bytes.readIPv4Address(at: &offset)
    } catch {
      return nil
    }
  }

  /// Appends the frame, 42 bytes; the network card pads it to 60.
  public func serialize(into bytes: inout [UInt8]) {
    bytes.append(destinationMAC)
    bytes.append(sourceMAC)
    bytes.append(bigEndian: UInt16(0x0806))
    bytes.append(bigEndian: UInt32(0x0001_0800))
    bytes.append(bigEndian: UInt16(0x0604))
    bytes.append(bigEndian: operation)
    bytes.append(senderMAC)
    bytes.append(senderAddress)
    bytes.append(targetMAC)
    bytes.append(targetAddress)
  }
}
