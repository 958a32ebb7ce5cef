import Wire

/// Who else answers DHCP on a segment: each is told of once an hour, however much it says.
struct ForeignServers {
  private static let silenceSeconds: Int64 = 3600
  /// More than a segment has: whoever invents servers is told of so often an hour.
  private static let limit = 64

  private var toldOf: [IPv4Address: Timestamp] = [:]

  /// Whether people should hear of it now.
  mutating func isNews(_ server: IPv4Address, now: Timestamp) -> Bool {
    if let last = toldOf[server], now < last.advanced(bySeconds: Self.silenceSeconds), now >= last { return false }
    if toldOf.count >= Self.limit {
      toldOf = toldOf.filter { now < $1.advanced(bySeconds: Self.silenceSeconds) }
      guard toldOf.count < Self.limit else { return false }
    }
    toldOf[server] = now
    return true
  }
}
