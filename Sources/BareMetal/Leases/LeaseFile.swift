public import Wire

/// Leases as another DHCP server keeps them, to come from it or to go to it.
///
/// A file is read to its end: what cannot be read of it is told with its line, and the rest is there. Of several records of one
/// address the last counts, as these files are logs.
public struct LeaseFile: Hashable, Sendable {
  /// Whose file it is.
  public enum Format: String, CaseIterable, Sendable {
    /// ISC dhcpd 4: `dhcpd.leases`, dhcpd.leases(5).
    case isc
    /// Kea's memfile of IPv4: `kea-leases4.csv`.
    case kea
    /// dnsmasq: `dnsmasq.leases`.
    case dnsmasq
  }

  /// What is wrong with a line.
  public struct Problem: Hashable, Sendable {
    /// From 1.
    public var line: Int
    public var message: String

    public init(line: Int, message: String) {
      self.line = line
      self.message = message
    }
  }

  /// A lease, and the line that it begins on.
  public struct Entry: Hashable, Sendable {
    public var line: Int
    public var lease: Lease

    public init(line: Int, lease: Lease) {
      self.line = line
      self.lease = lease
    }
  }

  /// A hundred thousand leases of ISC's, the longest form.
  public static let maximumBytes = 64 << 20
  /// Problems that are told one by one; of the others, how many.
  public static let toldProblems = 100

  /// In the order of their addresses' first records.
  public private(set) var entries: [Entry] = []
  /// Records of addresses that are nobody's any more: released, expired, free.
  public private(set) var ended = 0
  public private(set) var problems: [Problem] = []
  /// Problems beyond ``toldProblems``.
  public private(set) var moreProblems = 0

  private var places: [IPv4Address: Int] = [:]
  private var isEnded: Set<IPv4Address> = []

  /// An empty one.
  init() {}

  /// Reads a file.
  public init(parsing bytes: [UInt8], as format: Format) {
    guard bytes.count <= Self.maximumBytes else {
      report(1, "the file has \(bytes.count) bytes, more than \(Self.maximumBytes)")
      return
    }
    switch format {
    case .isc: readISC(bytes)
    case .kea: readKea(bytes)
    case .dnsmasq: readDnsmasq(bytes)
    }
    entries.removeAll { isEnded.contains($0.lease.address) }
    ended = isEnded.count
  }

  /// Writes a file. What the form has no word for is left out: dnsmasq knows neither declined addresses nor clients without a
  /// hardware address of Ethernet's.
  /// - Parameter subnetID: which of Kea's subnets the leases are in.
  public static func text(
    of leases: [Lease], as format: Format, now: Timestamp, subnetID: UInt32 = 1
  ) -> (text: String, leftOut: Int) {
    switch format {
    case .isc: (iscText(of: leases, now: now), 0)
    case .kea: (keaText(of: leases, now: now, subnetID: subnetID), 0)
    case .dnsmasq: dnsmasqText(of: leases)
    }
  }

  mutating func report(_ line: Int, _ message: String) {
    if problems.count < Self.toldProblems {
      problems.append(Problem(line: line, message: message))
    } else {
      moreProblems += 1
    }
  }

  mutating func add(_ lease: Lease, line: Int) {
    isEnded.remove(lease.address)
    if let place = places[lease.address] {
      entries[place] = Entry(line: line, lease: lease)
    } else {
      places[lease.address] = entries.count
      entries.append(Entry(line: line, lease: lease))
    }
  }

  /// The address is nobody's from here on.
  mutating func end(_ address: IPv4Address) { isEnded.insert(address) }
}

// MARK: What the forms have in common

extension LeaseFile {
  /// The end of a lease that has none: the last second that 32 bits hold.
  static let never = Timestamp(seconds: 0xffff_ffff)

  /// Whom a lease belongs to, in our keeping: the hardware address where there is one (00:00:00:00:00:00 is none), else what
  /// the client called itself.
  static func client(_ mac: MACAddress?, _ identifier: [UInt8]?) -> [UInt8]? {
    if let mac, mac != .zero { return [1] + mac.bytes }
    return identifier.flatMap { (2...160).contains($0.count) ? $0 : nil }
  }

  /// What a client called itself, where it is more than its hardware address.
  static func identifier(of lease: Lease) -> [UInt8]? {
    lease.client.isEmpty || lease.mac != .zero && lease.client == [1] + lease.mac.bytes ? nil : lease.client
  }

  /// A host's name as we keep it; `nil` for what is none.
  static func hostName(_ text: some StringProtocol) -> String? {
    let name = text.hasSuffix(".") ? String(text.dropLast()) : String(text)
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isName && (1...63).contains(name.utf8.count) ? name : nil
  }

  /// Pairs of hexadecimal digits with `:` between them.
  static func colonBytes(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    for part in text.split(separator: ":", omittingEmptySubsequences: false) {
      guard (1...2).contains(part.utf8.count), let byte = UInt8(part, radix: 16), part.utf8.first != UInt8(ascii: "+")
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  static func colonText(_ bytes: [UInt8]) -> String { Hexadecimal.text(bytes, separator: ":") }

  /// The lines of a file, numbered from 1; one that is no UTF-8 keeps what it has of it.
  static func forEachLine(_ bytes: [UInt8], _ body: (Int, Substring) -> Void) {
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      body(number, String(decoding: line, as: UTF8.self)[...])
    }
  }
}
