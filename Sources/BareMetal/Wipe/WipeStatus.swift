public import Wire

/// The intent to wipe a Server's disks, and what came of it: `status.wipe`.
///
/// Nothing is erased without one. It is recorded when a person accepts the Server, releases it, or asks for it; it holds
/// for this Server, the disks it names, and itself (``id``): an agent that reports under another id is refused.
public struct WipeStatus: Codable, Hashable, Sendable {
  public enum Phase: String, Codable, Hashable, Sendable {
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
  public enum Reason: String, Codable, Hashable, Sendable {
    case accepted = "Accepted"
    case released = "Released"
    /// A person asked.
    case requested = "Requested"
  }

  /// Made at random for this intent; agents must show it.
  public var id: String
  public var reason: Reason
  /// Who recorded it, for the journal.
  public var by: String?
  /// Counts the intents of this Server; 1 is the first.
  public var generation: Int64
  public var requestedAt: Timestamp
  /// What is to be erased, decided when the intent was recorded.
  public var disks: [DiskOrder]
  public var phase: Phase
  public var startedAt: Timestamp?
  public var heartbeat: Timestamp?
  public var finishedAt: Timestamp?
  /// Why it failed, or how far it is, in one line.
  public var message: String?
  /// How far each disk is, and how it was erased.
  public var records: [EraseRecord]?

  public init(
    id: String, reason: Reason, by: String? = nil, generation: Int64, requestedAt: Timestamp, disks: [DiskOrder]
  ) {
    self.id = id
    self.reason = reason
    self.by = by
    self.generation = generation
    self.requestedAt = requestedAt
    self.disks = disks
    phase = .requested
  }

  /// Whether it is still to be carried out.
  public var isOpen: Bool { phase == .requested || phase == .running }
}

/// What is to happen to one disk.
public struct DiskOrder: Codable, Hashable, Sendable {
  public enum Action: String, Codable, Hashable, Sendable {
    case erase = "Erase"
    case keep = "Keep"
  }

  public var disk: DiskIdentity
  public var action: Action
  /// Which rule says so, for people: `policy: system disk only`.
  public var reason: String?

  public init(disk: DiskIdentity, action: Action, reason: String? = nil) {
    self.disk = disk
    self.action = action
    self.reason = reason
  }
}

/// What a disk is known by, wherever it is plugged in: its WWID, else its serial number with its model. A disk that has
/// neither is known by its device path and size, which is all there is.
public struct DiskIdentity: Codable, Hashable, Sendable {
  public var wwid: String?
  public var serialNumber: String?
  public var productName: String?
  /// `/dev/nvme0n1`
  public var deviceName: String?
  /// Bytes.
  public var size: UInt64

  public init(
    wwid: String? = nil, serialNumber: String? = nil, productName: String? = nil, deviceName: String? = nil,
    size: UInt64
  ) {
    self.wwid = wwid
    self.serialNumber = serialNumber
    self.productName = productName
    self.deviceName = deviceName
    self.size = size
  }
}

/// How one disk was erased: what an auditor asks for.
public struct EraseRecord: Codable, Hashable, Sendable {
  public enum Result: String, Codable, Hashable, Sendable {
    case running = "Running"
    case erased = "Erased"
    case kept = "Kept"
    /// Nothing to be erased: the medium is read-only or removable.
    case skipped = "Skipped"
    case failed = "Failed"
  }

  public var disk: DiskIdentity
  public var result: Result
  /// `nvme-sanitize-block`, `nvme-format`, `secure-discard`, `discard+zero-check`, `zeroout`, `overwrite`, …: what worked.
  public var method: String?
  /// Those that were tried before it, each with why it did not do: `nvme-sanitize: not supported`.
  public var attempts: [String]?
  /// Erased so far.
  public var bytes: UInt64?
  /// What was read back: `first and last 1 MiB and 64 samples are zero`.
  public var verification: String?
  public var startedAt: Timestamp?
  public var finishedAt: Timestamp?
  /// Why it failed or was left alone.
  public var message: String?

  public init(disk: DiskIdentity, result: Result) {
    self.disk = disk
    self.result = result
  }
}
