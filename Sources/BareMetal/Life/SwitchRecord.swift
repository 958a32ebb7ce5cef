public import Wire

/// The last time that Siderite switched the machine by itself: `status.switching`, an addition of Siderite's.
///
/// Written down before it is done, and again when it is known what came of it: whoever goes on after a crash knows that it
/// may have been done, and waits to see what comes of it before it is done again.
public struct SwitchRecord: Codable, Hashable, Sendable {
  /// What for.
  public enum Purpose: String, Codable, Hashable, Sendable, CaseIterable {
    /// Into the agent, to be wiped.
    case wipe = "Wipe"
    /// On, for whom it is allocated to.
    case boot = "Boot"
    /// Off, as nobody needs it.
    case powerOff = "PowerOff"
  }

  public enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
    /// About to be done, or nobody knows whether it was.
    case pending = "Pending"
    case done = "Done"
    /// The management controller said that it was not done.
    case failed = "Failed"
  }

  /// What for.
  public var purpose: Purpose
  /// The id of the wipe, or the uid of the binding.
  public var subject: String
  /// How often it was done, or may have been, for this subject.
  public var attempts: Int
  /// How often in a row it failed.
  public var failures: Int?
  /// When it was done, or was to be.
  public var at: Timestamp
  /// What came of it.
  public var outcome: Outcome
  /// When the machine was last made to boot, whatever for.
  public var lastRestart: Timestamp?

  init(_ purpose: Purpose, of subject: String, at: Timestamp, lastRestart: Timestamp?) {
    self.purpose = purpose
    self.subject = subject
    attempts = 0
    self.at = at
    outcome = .pending
    self.lastRestart = lastRestart
  }
}

extension ServerStatus {
  /// Notes what came of the switching that `record` told of before.
  public mutating func note(_ failure: BMCFailure?, of record: SwitchRecord, now: Timestamp) {
    guard var current = switching, current.purpose == record.purpose, current.subject == record.subject,
      current.at.seconds == record.at.seconds
    else { return }
    switch failure?.kind {
    case nil:
      current.outcome = .done
      current.failures = nil
      if record.purpose != .powerOff { current.lastRestart = record.at }
    case .uncertain?, .cancelled?:
      // It may have been done. Looked at again when the machine has had time to show it.
      current.outcome = .pending
    default:
      current.outcome = .failed
      current.attempts -= 1
      current.failures = (current.failures ?? 0) + 1
    }
    switching = current
    guard let failure, current.outcome == .failed, record.purpose == .wipe else { return }
    conditions.set(
      ServerCondition.powerCycle, .false, reason: "PowerCycleFailed", severity: "Warning",
      message: PlainText.line("it is tried again: \(failure.message)"), now: now)
  }
}
