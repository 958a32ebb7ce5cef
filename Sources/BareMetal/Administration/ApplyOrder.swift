/// Objects as people write them, to be made true: `POST /apply`.
public struct ApplyOrder: Codable, Hashable, Sendable {
  /// Documents of any kind and version that is known. All are looked at before the first is stored.
  public var objects: [JSONValue]
  /// Says what would be done, and does not do it.
  public var dryRun: Bool?
  /// Fields that nobody knows are left out, with a warning, instead of refused.
  public var ignoreUnknown: Bool?
  /// Who applies them, for the journal.
  public var by: String?

  public init(objects: [JSONValue]) { self.objects = objects }
}

/// What became of one object; answered a line each, in the order they were given.
public struct AppliedObject: Codable, Hashable, Sendable {
  public enum Outcome: String, Codable, Hashable, Sendable {
    case created, configured, unchanged, failed
  }

  /// The place in the order.
  public var index: Int
  public var kind: String
  public var name: String
  public var outcome: Outcome
  /// Why it failed.
  public var message: String?
  /// Fields that were left out, and the like.
  public var warnings: [String]?

  public init(
    index: Int, kind: String, name: String, outcome: Outcome, message: String? = nil, warnings: [String]? = nil
  ) {
    self.index = index
    self.kind = kind
    self.name = name
    self.outcome = outcome
    self.message = message
    self.warnings = warnings
  }
}
