import CoreMetrics
import DHCP

/// What one interface's DHCP counts. Every counter exists from the start, so that zero can be told from absent.
package final class DHCPCounters: Sendable {
  /// Why a frame never reached the responder.
  enum Drop: String, CaseIterable, Sendable {
    /// Not a whole, unfragmented, untagged IPv4 UDP datagram.
    case badFrame
    /// Not a DHCP message.
    case malformed
    /// For another station or address: the interface is a bridge's or is being watched.
    case notForUs
    /// More leases wait for the disk than ``DHCPEndpoint/waitingLimit``.
    case overload
    /// The kernel's ring was full.
    case ringFull
  }

  private let received: [MessageType: Counter]
  private let receivedOther: Counter
  private let replied: [MessageType: Counter]
  private let dropped: [Drop: Counter]
  private let ignored: [DHCPIgnoreReason: Counter]
  private let commits: Counter
  private let committedChanges: Counter
  private let failedCommits: Counter
  private let failedSends: Counter
  private let foreignReplies: Counter
  private let probes: Counter
  private let unprobed: Counter
  private let conflicts: Counter

  package convenience init(interface: String) { self.init(interface: interface, factory: MetricsSystem.factory) }

  init(interface: String, factory: any MetricsFactory) {
    func counter(_ name: String, _ dimensions: (String, String)...) -> Counter {
      Counter(
        label: "siderite_dhcp_\(name)_total", dimensions: [("interface", interface)] + dimensions, factory: factory)
    }
    func perType(_ name: String, _ types: [MessageType]) -> [MessageType: Counter] {
      Dictionary(uniqueKeysWithValues: types.map { ($0, counter(name, ("type", "\($0)"))) })
    }
    received = perType("received", [.discover, .request, .decline, .release, .inform])
    receivedOther = counter("received", ("type", "other"))
    replied = perType("sent", [.offer, .ack, .nak])
    dropped = Dictionary(
      uniqueKeysWithValues: Drop.allCases.map { ($0, counter("dropped", ("reason", $0.rawValue))) })
    ignored = Dictionary(
      uniqueKeysWithValues: DHCPIgnoreReason.allCases.map { ($0, counter("ignored", ("reason", $0.rawValue))) })
    commits = counter("lease_commits")
    committedChanges = counter("lease_changes")
    failedCommits = counter("lease_commit_failures")
    failedSends = counter("send_failures")
    foreignReplies = counter("foreign_replies")
    probes = counter("probes")
    unprobed = counter("unprobed_offers")
    conflicts = counter("conflicts")
  }

  func received(_ type: MessageType?) { (type.flatMap { received[$0] } ?? receivedOther).increment() }
  func sent(_ type: MessageType?) { type.flatMap { replied[$0] }?.increment() }
  func dropped(_ reason: Drop, count: Int = 1) { dropped[reason]?.increment(by: count) }
  func ignored(_ reason: DHCPIgnoreReason) { ignored[reason]?.increment() }
  func sendFailed() { failedSends.increment() }
  func heardForeignServer() { foreignReplies.increment() }
  /// An address was asked for on the link; was not, since too many were; is somebody's.
  func probed() { probes.increment() }
  func offeredUnprobed() { unprobed.increment() }
  func foundConflict() { conflicts.increment() }
  func commitFailed() { failedCommits.increment() }

  func committed(_ changes: Int) {
    commits.increment()
    committedChanges.increment(by: changes)
  }
}
