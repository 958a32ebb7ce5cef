/// How the cache of Environments' files is set up.
public struct AssetCacheConfiguration: Sendable {
  /// Where the files are kept; made if it is not there (its parent must be). On one file system.
  public var directory: String

  /// Bytes the cache takes of the disk. Default 20 GiB: room for some hundred kernels with their initramfs. Files in use
  /// are never removed for it; what would not fit beside them is not fetched.
  public var sizeLimit: Int64 = 20 << 30

  /// Bytes of the file system that are left free whatever ``sizeLimit`` says: leases and resources live there too.
  public var reservedBytes: Int64 = 128 << 20

  /// Bytes of one file. No kernel or initramfs comes near; a server that sends for ever does.
  public var largestFile: Int64 = 4 << 30

  /// Files fetched at a time, half of them from one server at most, so that one that is not there keeps nobody from the
  /// others. More would share the same link and finish later. As many files of this host are copied beside them.
  public var concurrentFetches = 8

  /// How long a server may send nothing before it is given up. There is no limit on the whole: slow links are slow.
  public var stallTime = Duration.seconds(30)

  /// How long a server may take to accept a connection.
  public var connectTime = Duration.seconds(10)

  /// Between two looks at a URL whose content may change, that is, one without SHA-512; a fifth more or less.
  public var refreshInterval = Duration.seconds(900)

  /// Between two looks at a file of this host (its size and time), and at our own files.
  public var fileInterval = Duration.seconds(30)

  /// After the first failure; then twice as long, up to ``longestRetry``; a fifth more or less.
  public var firstRetry = Duration.seconds(2)
  public var longestRetry = Duration.seconds(300)

  /// Between two pieces of news about a transfer.
  public var progressInterval = Duration.seconds(3)

  /// How long a file stays after its last use, however full it is: a machine may have been told its name just before.
  public var grace = Duration.seconds(60)

  /// How exactly times are kept.
  public var tick = Duration.seconds(1)

  /// No `file:` URL leads here: the daemon's own state, with its Secrets. Default none.
  public var privateDirectory: String?

  /// Who else may vouch for a server. Default nobody: the authorities that this host trusts.
  public var trusted: TrustedCertificates?

  public init(directory: String) { self.directory = directory }
}
