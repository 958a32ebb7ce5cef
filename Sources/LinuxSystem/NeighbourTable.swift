public import Wire

/// The kernel's table of who has which IPv4 address on the links of this host (`/proc/net/arp`).
public enum NeighbourTable {
  /// The table of a /16 with every entry in use is about 5 MB.
  private static let maximumBytes = 8 << 20

  /// The hardware address behind an address this host has lately spoken with; `nil` when it is not known.
  public static func macAddress(of address: IPv4Address) -> MACAddress? {
    guard let bytes = try? FileDescriptor.contents(of: "/proc/net/arp", limit: maximumBytes) else { return nil }
    let wanted = Array(address.description.utf8)
    // IP address, HW type, Flags, HW address, Mask, Device, separated by blanks; a heading first.
    for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count >= 4, fields[0].elementsEqual(wanted) else { continue }
      guard let mac = MACAddress(String(decoding: fields[3], as: UTF8.self)), mac != .zero else { continue }
      return mac
    }
    return nil
  }
}
