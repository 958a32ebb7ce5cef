import Synchronization
public import Wire

/// The kernel's table of who has which IPv4 address on the links of this host (`/proc/net/arp`).
enum NeighbourTable {
  /// The table of a /16 with every entry in use is about 5 MB.
  private static let maximumBytes = 8 << 20

  /// Everybody in it.
  static func all() -> [IPAddress: MACAddress] {
    guard let bytes = try? FileDescriptor.contents(of: "/proc/net/arp", limit: maximumBytes) else { return [:] }
    var all: [IPAddress: MACAddress] = [:]
    // IP address, HW type, Flags, HW address, Mask, Device, separated by blanks; a heading first.
    for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count >= 4, let address = IPAddress(Substring(decoding: fields[0], as: UTF8.self)),
        all[address] == nil, let mac = MACAddress(String(decoding: fields[3], as: UTF8.self)), mac != .zero
      else { continue }
      all[address] = mac
    }
    return all
  }
}

/// The neighbour table for many questions at once: a rack that boots asks a thousand times for a thousand neighbours.
public final class NeighbourCache: Sendable {
  /// A neighbour's address belongs to its card for at least that long.
  private static let known = Duration.seconds(1)
  /// Who is not in the table is looked for again after that: it may have just arrived.
  private static let unknown = Duration.milliseconds(20)

  private let table = Mutex<(neighbours: [IPAddress: MACAddress], read: ContinuousClock.Instant?)>(([:], nil))

  public init() {}

  /// The hardware address behind an address this host has lately spoken with, as it was at most a second ago; `nil` when it is
  /// not known.
  public func macAddress(of address: IPAddress) -> MACAddress? {
    // The file has IPv4 only.
    guard case .v4 = address else { return nil }
    return table.withLock { table in
      let age = table.read.map { ContinuousClock.now - $0 }
      let mac = table.neighbours[address]
      if let age, age < (mac == nil ? Self.unknown : Self.known) { return mac }
      table = (NeighbourTable.all(), ContinuousClock.now)
      return table.neighbours[address]
    }
  }
}
