import BareMetal
import Synchronization

/// The tokens of wipes that have ended, for agents that did not get the answer to their last report. In memory only: after
/// a restart such an agent is told that there is no such wipe, and powers off as well.
final class EndedOrders: Sendable {
  /// Agents that end at once, and whose answers get lost.
  private static let limit = 256

  private let orders = Mutex<[String: [String: Secret]]>([:])

  func insert(_ values: [String: Secret], ofServer name: String) {
    orders.withLock { orders in
      if orders.count >= Self.limit, orders[name] == nil, let other = orders.keys.first { orders[other] = nil }
      orders[name] = values
    }
  }

  func values(ofServer name: String) -> [String: Secret]? { orders.withLock { $0[name] } }
}
