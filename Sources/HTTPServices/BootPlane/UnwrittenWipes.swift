import BareMetal
import Synchronization

/// Wipes that have begun, as their agents' first reports say, where that is written down with the next report: a wipe that
/// takes seconds is one write then. In memory only: after a restart such a wipe begins with its next report.
final class UnwrittenWipes: Sendable {
  /// Agents at work at once; of more, each report is the first.
  private static let limit = 4096

  private let wipes = Mutex<[String: WipeStatus]>([:])

  func insert(_ wipe: WipeStatus, ofServer name: String) {
    wipes.withLock { wipes in
      if wipes.count >= Self.limit, wipes[name] == nil, let other = wipes.keys.first { wipes[other] = nil }
      wipes[name] = wipe
    }
  }

  func remove(_ name: String) { wipes.withLock { _ = $0.removeValue(forKey: name) } }

  func wipe(ofServer name: String) -> WipeStatus? { wipes.withLock { $0[name] } }
}
