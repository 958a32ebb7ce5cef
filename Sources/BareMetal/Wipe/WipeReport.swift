/// What the agent reports while it wipes, and when it has: `POST /agent/v1/wipe`. Each is a heartbeat too.
public struct WipeReport: Codable, Hashable, Sendable {
  /// The name of the Server, from ``RegistrationResponse``.
  public var server: String
  /// ``WipeOrder/id``
  public var id: String
  /// ``WipeOrder/token``
  public var token: Secret
  /// How far each disk is. Times are the daemon's business: the machine's clock may be anything.
  public var records: [EraseRecord]
  /// Nothing more will be done.
  public var isFinal: Bool
  /// Why nothing, or not everything, was erased, beside what the records say. One line for people.
  public var failure: String?

  public init(
    server: String, id: String, token: Secret, records: [EraseRecord], isFinal: Bool = false, failure: String? = nil
  ) {
    self.server = server
    self.id = id
    self.token = token
    self.records = records
    self.isFinal = isFinal
    self.failure = failure
  }
}

/// What the agent is told. A report that is refused (4xx) ends the wipe: nothing more is erased.
public struct WipeReportResponse: Codable, Hashable, Sendable {
  /// What to do now that the wipe has ended; `nil`: go on.
  public var action: AgentAction?

  public init(action: AgentAction? = nil) { self.action = action }
}

/// Why a report is refused.
public enum WipeReportError: Error, Hashable, Sendable {
  /// No wipe was ever asked for.
  case noIntent
  /// Another intent took the place of the one that it is about.
  case superseded
  /// The wipe has ended already.
  case ended
  /// It says what cannot be.
  case invalid(String)
}

extension WipeReportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noIntent: "no wipe of this Server was asked for"
    case .superseded: "another wipe was asked for since: boot again"
    case .ended: "this wipe has ended already"
    case .invalid(let reason): reason
    }
  }
}

extension WipeReport {
  /// Bounds on what a machine may say, beside those of ``Registration/Limits``.
  public enum Limits {
    /// Methods that were tried on one disk: there are eight.
    public static let attempts = 16
  }

  /// Checks what the report says of the intent's disks.
  func validate(for intent: WipeStatus) throws(WipeReportError) {
    guard records.count <= Registration.Limits.listEntries else {
      throw .invalid("records has more than \(Registration.Limits.listEntries) entries")
    }
    try check([failure], "failure")
    let named = Set(intent.disks.map(\.disk))
    var seen = Set<DiskIdentity>()
    for record in records {
      guard record.result == .skipped || named.contains(record.disk) else {
        throw .invalid("records[] names a disk that is not in the intent")
      }
      guard seen.insert(record.disk).inserted || intent.disks.count(where: { $0.disk == record.disk }) > 1 else {
        throw .invalid("records[] names a disk twice")
      }
      guard (record.attempts ?? []).count <= Limits.attempts else {
        throw .invalid("records[].attempts has more than \(Limits.attempts) entries")
      }
      let disk = record.disk
      try check(
        [record.method, record.verification, record.message] + (record.attempts ?? [])
          + [disk.wwid, disk.serialNumber, disk.productName, disk.deviceName],
        "records[]")
    }
  }

  private func check(_ texts: [String?], _ path: String) throws(WipeReportError) {
    for text in texts.compactMap(\.self) {
      guard text.utf8.count <= Registration.Limits.stringBytes else {
        throw .invalid("a text in \(path) is longer than \(Registration.Limits.stringBytes) bytes")
      }
      guard PlainText.isPlain(text) else { throw .invalid("a text in \(path) has control characters") }
    }
  }
}
