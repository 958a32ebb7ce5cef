import CoreMetrics
import DHCP

/// What one interface's DHCPv6 counts. Every counter exists from the start, so that zero can be told from absent.
package struct DHCPv6Counters: Sendable {
  private let received: [DHCPv6MessageType: Counter]
  private let receivedOther: Counter
  private let replied: [DHCPv6MessageType: Counter]
  private let ignored: [DHCPv6IgnoreReason: Counter]
  private let malformedMessages: Counter
  private let committedChanges: Counter
  private let failedCommits: Counter

  package init(interface: String) {
    func counter(_ name: String, _ dimensions: (String, String)...) -> Counter {
      Counter(label: "siderite_dhcpv6_\(name)_total", dimensions: [("interface", interface)] + dimensions)
    }
    func perType(_ name: String, _ types: [DHCPv6MessageType]) -> [DHCPv6MessageType: Counter] {
      Dictionary(uniqueKeysWithValues: types.map { ($0, counter(name, ("type", "\($0)"))) })
    }
    received = perType(
      "received", [.solicit, .request, .confirm, .renew, .rebind, .release, .decline, .informationRequest])
    receivedOther = counter("received", ("type", "other"))
    replied = perType("sent", [.advertise, .reply])
    ignored = Dictionary(
      uniqueKeysWithValues: DHCPv6IgnoreReason.allCases.map { ($0, counter("ignored", ("reason", $0.rawValue))) })
    malformedMessages = counter("dropped", ("reason", "malformed"))
    committedChanges = counter("lease_changes")
    failedCommits = counter("lease_commit_failures")
  }

  func received(_ type: DHCPv6MessageType) { (received[type] ?? receivedOther).increment() }
  func sent(_ type: DHCPv6MessageType) { replied[type]?.increment() }
  func ignored(_ reason: DHCPv6IgnoreReason) { ignored[reason]?.increment() }
  func malformed() { malformedMessages.increment() }
  func committed(_ changes: Int) { committedChanges.increment(by: changes) }
  func commitFailed() { failedCommits.increment() }
}
