public import Wire

/// Keeps a broken client from keeping everybody busy: who sends more messages than ``Rate`` allows is not answered until
/// it sends fewer.
///
/// A token bucket for each client, in a table whose size never changes: a client that was not heard for a while, or is one
/// of more than fit, begins with a full bucket. So made-up hardware addresses take no memory, and are never the reason that a
/// real client is not answered. No message costs an allocation.
public struct ClientRateLimiter: Sendable {
  /// How much one client may say.
  ///
  /// What booting needs is far below the default. Of a network card's ROM, iPXE, the kernel and the agent each sends two to four
  /// messages, within seconds at the fastest; ROMs ask again after 4, 8, 16 and 32 s, iPXE after 1 s at the earliest. Two
  /// or four relay agents of one network forward each of them.
  public struct Rate: Hashable, Sendable {
    /// Messages a second in the long run, 1 to 1000.
    public let perSecond: Int
    /// Messages at once, after a silence.
    public var burst: Int { 6 * perSecond }

    /// 10 a second, 60 at once.
    public static let usual = Rate(perSecond: 10)

    public init(perSecond: Int) { self.perSecond = max(1, min(perSecond, 1000)) }
  }

  /// Clients that are remembered. Each takes 16 bytes.
  public static let capacity = sets * ways

  /// Whoever may stand in one place of four; the number of places is a power of two.
  private static let ways = 4
  private static let setBits = 11
  private static var sets: Int { 1 << setBits }

  /// A bucket, kept as the time at which it is full again.
  private struct Bucket {
    var client: UInt64
    /// Milliseconds since 1970.
    var fullAt: Int64
  }

  private let interval: Int64
  private let depth: Int64
  private var buckets = [Bucket](repeating: Bucket(client: 0, fullAt: .min), count: Self.capacity)

  public init(_ rate: Rate) {
    interval = max(1, 1000 / Int64(rate.perSecond))
    depth = interval * Int64(rate.burst)
  }

  /// Whether a client's message is to be looked at. A relay agent's clients are clients of their own.
  public mutating func admits(_ packet: DHCPPacket, now: Timestamp) -> Bool {
    let client = Self.number(of: packet)
    let now = now.milliseconds
    let index = place(of: client)
    var fullAt = now
    if buckets[index].client == client {
      // A clock that was set back leaves a time that nobody could have come to.
      let known = buckets[index].fullAt
      if known <= now + depth { fullAt = max(now, known) }
    }
    guard fullAt + interval <= now + depth else { return false }
    buckets[index] = Bucket(client: client, fullAt: fullAt + interval)
    return true
  }

  /// Where a client's bucket is or comes to be: in place of the fullest of its set, for that one loses the least.
  private func place(of client: UInt64) -> Int {
    let first = Int((client &* 0x9e37_79b9_7f4a_7c15) >> UInt64(64 - Self.setBits)) * Self.ways
    var fullest = first
    for index in first..<first + Self.ways {
      if buckets[index].client == client { return index }
      if buckets[index].fullAt < buckets[fullest].fullAt { fullest = index }
    }
    return fullest
  }

  /// A number for a client, never 0: its hardware address, or a hash (FNV-1a) of what names it where that is no Ethernet's.
  private static func number(of packet: DHCPPacket) -> UInt64 {
    if let mac = packet.clientHardware.mac { return mac.rawValue }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    add(packet.clientHardware.type)
    for byte in packet.clientHardware.bytes { add(byte) }
    for byte in packet.options[.clientIdentifier] ?? [] { add(byte) }
    return hash | 1 << 63
  }
}
