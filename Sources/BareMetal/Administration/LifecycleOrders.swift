/// A person's word that a machine is theirs, or that it no longer is: `POST /servers/{name}/accept`.
public struct AcceptanceOrder: Codable, Hashable, Sendable {
  /// Whether it is accepted from now on; it is, when absent.
  public var accepted: Bool?
  /// Takes the word back although the machine is allocated.
  public var force: Bool?
  /// Who says so, for the journal.
  public var by: String?

  public init(accepted: Bool? = nil, force: Bool? = nil, by: String? = nil) {
    self.accepted = accepted
    self.force = force
    self.by = by
  }
}

/// A person asks for a machine's disks to be erased: `POST /servers/{name}/wipe`.
public struct WipeRequest: Codable, Hashable, Sendable {
  /// How thoroughly; as the Server's policy and the daemon's configuration say, when absent.
  public var mode: WipePolicy.Mode?
  /// Shows which disks would be erased, and asks for nothing.
  public var dryRun: Bool?
  /// Who asks, for the journal.
  public var by: String?

  public init(mode: WipePolicy.Mode? = nil, dryRun: Bool? = nil, by: String? = nil) {
    self.mode = mode
    self.dryRun = dryRun
    self.by = by
  }
}

/// A person saw that a machine is installed, where the machine itself does not say so:
/// `POST /servers/{name}/installed`.
public struct InstalledOrder: Codable, Hashable, Sendable {
  /// Who says so, for the journal.
  public var by: String?

  public init(by: String? = nil) { self.by = by }
}

/// A person without Cluster API takes machines: `POST /allocations`.
public struct AllocationOrder: Codable, Hashable, Sendable {
  /// A ServerClass, or …
  public var serverClass: String?
  /// … one Server; exactly one of the two.
  public var server: String?
  /// How many of the class; 1 when absent. All of them or none.
  public var count: Int?
  /// The machine configuration: YAML, one or several documents.
  public var config: String?
  /// Says who would be taken, and takes none.
  public var dryRun: Bool?
  /// Who takes them, for the journal.
  public var by: String?

  public init() {}
}
