public import Wire

/// How one disk was erased: what an auditor asks for.
public struct EraseRecord: Codable, Hashable, Sendable {
  public enum Result: String, Codable, Hashable, Sendable, CaseIterable {
    case running = "Running"
    case erased = "Erased"
    case kept = "Kept"
    /// Nothing to be erased: the medium is read-only or removable.
    case skipped = "Skipped"
    case failed = "Failed"
  }

  public var disk: DiskIdentity
  /// What came of it.
  public var result: Result
  /// `nvme-sanitize-block`, `nvme-format`, `secure-discard`, `discard+zero-check`, `zeroout`, `overwrite`, …: what worked.
  public var method: String?
  /// Those that were tried before it, each with why it did not do: `nvme-sanitize: not supported`.
  public var attempts: [String]?
  /// Erased so far.
  public var bytes: UInt64?
  /// What was read back: `first and last 1 MiB and 64 samples are zero`.
  public var verification: String?
  /// When it was begun with.
  public var startedAt: Timestamp?
  /// When it was over.
  public var finishedAt: Timestamp?
  /// Why it failed or was left alone.
  public var message: String?

  public init(disk: DiskIdentity, result: Result) {
    self.disk = disk
    self.result = result
  }
}
