public import Wire

/// The intent to wipe a Server's disks, and what came of it: `status.wipe`.
///
/// Nothing is erased without one. It is recorded when a person accepts the Server, releases it, or asks for it; it holds
/// for this Server, the disks it names, and itself (``id``): an agent that reports under another id is refused.
public struct WipeStatus: Codable, Hashable, Sendable {
  public enum Phase: String, Codable, Hashable, Sendable, CaseIterable {
    /// Recorded; no agent has begun.
    case requested = "Requested"
    /// An agent works on it; ``heartbeat`` says when it last said so.
    case running = "Running"
    /// Every disk that was to be erased was, and read back.
    case done = "Done"
    /// At least one was not; the machine is not clean.
    case failed = "Failed"
  }

  /// Why the machine is wiped.
  public enum Reason: String, Codable, Hashable, Sendable, CaseIterable {
    case accepted = "Accepted"
    case released = "Released"
    /// A person asked.
    case requested = "Requested"
  }

  /// Made at random for this intent; agents must show it.
  public var id: String
  /// Why the machine is wiped.
  public var reason: Reason
  /// Who recorded it, for the journal.
  public var by: String?
  /// Counts the intents of this Server; 1 is the first.
  public var generation: Int64
  /// When it was recorded.
  public var requestedAt: Timestamp
  /// How thoroughly.
  public var mode: WipePolicy.Mode
  /// What is to be erased, decided when the intent was recorded. Later facts only spare disks.
  public var disks: [DiskOrder]
  /// The system disk was chosen by its place alone; the intent does not hold when another turns out to be it.
  public var systemDiskAssumed: Bool?
  /// How far it is.
  public var phase: Phase
  /// When an agent began.
  public var startedAt: Timestamp?
  /// When the agent was last heard of.
  public var heartbeat: Timestamp?
  /// When it was over.
  public var finishedAt: Timestamp?
  /// Why it failed, or how far it is, in one line.
  public var message: String?
  /// How far each disk is, and how it was erased.
  public var records: [EraseRecord]?

  public init(
    id: String, reason: Reason, by: String? = nil, generation: Int64, requestedAt: Timestamp,
    mode: WipePolicy.Mode = .fast, disks: [DiskOrder]
  ) {
    self.id = id
    self.reason = reason
    self.by = by
    self.generation = generation
    self.requestedAt = requestedAt
    self.mode = mode
    self.disks = disks
    phase = .requested
  }

  /// Whether it is still to be carried out.
  public var isOpen: Bool { phase == .requested || phase == .running }

  /// How much of what is to be erased is, 0 to 100.
  public var percent: Int {
    let erased = disks.filter { $0.action == .erase }
    let total = erased.reduce(0.0) { $0 + Double($1.disk.size) }
    guard total > 0 else { return phase == .done ? 100 : 0 }
    let done = erased.reduce(0.0) { sum, order in
      guard let record = records?.first(where: { $0.disk == order.disk }) else { return sum }
      return sum
        + (record.result == .erased ? Double(order.disk.size) : Double(min(record.bytes ?? 0, order.disk.size)))
    }
    return Int(100 * done / total)
  }
}

/// What is to happen to one disk.
public struct DiskOrder: Codable, Hashable, Sendable {
  public enum Action: String, Codable, Hashable, Sendable, CaseIterable {
    case erase = "Erase"
    case keep = "Keep"
  }

  public var disk: DiskIdentity
  /// What is to be done to it.
  public var action: Action
  /// Which rule says so, for people: `policy: system disk only`.
  public var reason: String?

  public init(disk: DiskIdentity, action: Action, reason: String? = nil) {
    self.disk = disk
    self.action = action
    self.reason = reason
  }
}
