public import Wire

/// One aspect of a resource's state (Cluster API `Condition`).
public struct Condition: Codable, Hashable, Sendable {
  /// `True`, `False` or `Unknown`.
  public enum Status: String, Codable, Hashable, Sendable, CaseIterable {
    case `true` = "True"
    case `false` = "False"
    case unknown = "Unknown"
  }

  /// `PXEBooted`, `PowerCycle`, …
  public var type: String
  public var status: Status
  /// `Error`, `Warning` or `Info`; set when the status is False.
  public var severity: String?
  /// When the status became what it is.
  public var lastTransitionTime: Timestamp
  /// One word for programs.
  public var reason: String?
  /// One sentence for people.
  public var message: String?

  public init(
    type: String, status: Status, severity: String? = nil, lastTransitionTime: Timestamp, reason: String? = nil,
    message: String? = nil
  ) {
    self.type = type
    self.status = status
    self.severity = severity
    self.lastTransitionTime = lastTransitionTime
    self.reason = reason
    self.message = message
  }
}
