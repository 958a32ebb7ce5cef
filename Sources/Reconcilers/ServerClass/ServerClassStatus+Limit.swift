import BareMetal
import Wire

extension ServerClassStatus {
  /// Bytes of names that a status may list: some 28 000 Servers. An object of etcd, and so of ours, has 1.5 MB at most.
  static let maximumNameBytes = 1_100_000
  /// The condition of a class that has more.
  static let complete = "Complete"

  /// Leaves out the names at the end of what is too long, and says so. Allocation does not go by the lists.
  mutating func limit(now: Timestamp, maximumNameBytes: Int = Self.maximumNameBytes) {
    let (available, inUse) = (serversAvailable.count, serversInUse.count)
    // With the quotes and the comma.
    var left = maximumNameBytes
    func cut(_ names: inout [String]) {
      guard
        let end = names.firstIndex(where: { name in
          left -= name.utf8.count + 3
          return left < 0
        })
      else { return }
      names.removeSubrange(end...)
    }
    cut(&serversInUse)
    cut(&serversAvailable)
    guard serversAvailable.count < available || serversInUse.count < inUse else {
      conditions.remove(Self.complete)
      return
    }
    conditions.set(
      Self.complete, .false, reason: "TooManyServers", severity: "Info",
      message: "\(available) available and \(inUse) in use are more than a status can list; all of them count",
      now: now)
  }
}
