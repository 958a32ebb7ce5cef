import Synchronization
public import Wire

/// The kernel's table of who has which IPv4 address on the links of this host (`/proc/net/arp`).
public enum NeighbourTable {
  /// The table of a /16 with every entry in use is about 5 MB.
  private static let maximumBytes = 8 << 20

  /// The hardware address behind an address this host has lately spoken with; `nil` when it is not known.
  public static func macAddress(of address: IPv4Address) -> MACAddress? {
    var found: MACAddress?
    forEach { neighbour, mac in
      if neighbour == Substring(address.description) { found = found ?? mac() }
    }
    return found
  }

  /// Everybody in it.
  static func all() -> [IPv4Address: MACAddress] {
    var all: [IPv4Address: MACAddress] = [:]
    forEach { neighbour, mac in
      guard let address = IPv4Address(neighbour), all[address] == nil, let mac = mac() else { return }
      all[address] = mac
    }
    return all
  }

  private static func forEach(_ body: (Substring, () -> MACAddress?) -> Void) {
    guard let bytes = try? FileDescriptor.contents(of: "/proc/net/arp", limit: maximumBytes) else { return }
    // IP address, HW type, Flags, HW address, Mask, Device, separated by blanks; a heading first.
    for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count >= 4 else { continue }
      body(Substring(decoding: fields[0], as: UTF8.self)) {
        MACAddress(String(decoding: fields[3], as: UTF8.self)).flatMap { $0 == .zero ? nil : $0 }
      }
    }
  }
}

/// The neighbour table for many questions at once: a rack that boots asks a thousand times for a thousand neighbours.
public final class NeighbourCache: Sendable {
  /// A neighbour's address belongs to its card for at least that long.
  private static let known = Duration.seconds(1)
  /// Who is not in the table is looked for again after that: it may have just arrived.
  private static let unknown = Duration.milliseconds(20)

  private let table = Mutex<(neighbours: [IPv4Address: MACAddress], read: ContinuousClock.Instant?)>(([:], nil))

  public init() {}

  /// As ``NeighbourTable/macAddress(of:)``, at most a second old.
  public func macAddress(of address: IPv4Address) -> MACAddress? {
    table.withLock { table in
      let age = table.read.map { ContinuousClock.now - $0 }
      let mac = table.neighbours[address]
      if let age, age < (mac == nil ? Self.unknown : Self.known) { return mac }
      table = (NeighbourTable.all(), ContinuousClock.now)
      return table.neighbours[address]
    }
  }
}
