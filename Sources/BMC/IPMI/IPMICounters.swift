import BareMetal
import CoreMetrics
import IPMI

/// What the IPMI part counts. Every counter exists from the start, so that zero can be told from absent.
struct IPMICounters: Sendable {
  /// Why a datagram was passed over.
  enum Ignored: String, CaseIterable, Sendable {
    /// From an address that nothing was asked of.
    case stranger
    /// From a BMC, but it answers nothing: there is no session now.
    case noSession
    case malformed, otherSession, replayed, protection, signature, unexpected

    init(_ reason: IPMIIgnored) {
      self =
        switch reason {
        case .malformed: .malformed
        case .otherSession: .otherSession
        case .replayed: .replayed
        case .protection: .protection
        case .signature: .signature
        case .unexpected: .unexpected
        }
    }
  }

  /// How a login ended.
  enum Login: String, CaseIterable, Sendable {
    case succeeded, unreachable, timedOut, wrongPassword, sessionsExhausted, privilege, noCommonCipher, other

    init(_ failure: IPMISessionFailure) {
      self =
        switch failure {
        case .unreachable: .unreachable
        case .timedOut: .timedOut
        case .wrongPassword, .unknownUser, .wrongBMCKey: .wrongPassword
        case .sessionsExhausted: .sessionsExhausted
        case .privilegeRefused: .privilege
        case .noCommonCipherSuite, .noCommonAuthentication: .noCommonCipher
        default: .other
        }
    }
  }

  private let succeeded: Counter
  private let failed: [BMCFailure.Kind: Counter]
  private let logins: [Login: Counter]
  private let ignored: [Ignored: Counter]
  private let received: Counter
  private let sent: Counter
  private let repeated: Counter
  private let socketFailures: Counter
  private let sessions: Gauge
  private let consoles: Gauge

  init(factory: any MetricsFactory) {
    func counter(_ name: String, _ dimensions: (String, String)...) -> Counter {
      Counter(label: "siderite_ipmi_\(name)_total", dimensions: dimensions, factory: factory)
    }
    func perCase<Case: RawRepresentable<String> & CaseIterable & Hashable>(
      _ name: String, _ label: String
    ) -> [Case: Counter] {
      Dictionary(uniqueKeysWithValues: Case.allCases.map { ($0, counter(name, (label, $0.rawValue))) })
    }
    succeeded = counter("requests", ("result", "done"))
    failed = perCase("requests", "result")
    logins = perCase("logins", "result")
    ignored = perCase("ignored", "reason")
    received = counter("received")
    sent = counter("sent")
    repeated = counter("retransmissions")
    socketFailures = counter("socket_failures")
    sessions = Gauge(label: "siderite_ipmi_sessions", factory: factory)
    consoles = Gauge(label: "siderite_ipmi_consoles", factory: factory)
    sessions.record(0)
    consoles.record(0)
  }

  func requestDone() { succeeded.increment() }
  func requestFailed(_ kind: BMCFailure.Kind) { failed[kind]?.increment() }
  func loggedIn() { logins[.succeeded]?.increment() }
  func loginFailed(_ failure: IPMISessionFailure) { logins[Login(failure)]?.increment() }
  func ignored(_ reason: Ignored) { ignored[reason]?.increment() }
  func datagramReceived() { received.increment() }
  func datagramSent() { sent.increment() }
  func retransmitted() { repeated.increment() }
  func socketFailed() { socketFailures.increment() }
  func sessionsOpen(_ count: Int) { sessions.record(count) }
  func consolesOpen(_ count: Int) { consoles.record(count) }
}
