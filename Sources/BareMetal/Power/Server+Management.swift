public import Wire

extension BMCRequest {
  /// Whether it takes the machine from whatever runs on it, or destroys what cannot be had again.
  public var isDestructive: Bool {
    switch self {
    case .power(let action, _): action != .on
    case .clearEventLog: true
    case .powerStatus, .boot, .setBoot, .identify, .information, .sensors, .eventLog, .inventory, .users: false
    }
  }

  /// What it changes of the machine, in words for the journal; `nil` when it only looks, or blinks.
  public var change: String? {
    switch self {
    case .power(let action, _): "power \(action.rawValue)"
    case .setBoot(let override): "boot device \(override)"
    case .clearEventLog: "clear the BMC's event log"
    case .powerStatus, .boot, .identify, .information, .sensors, .eventLog, .inventory, .users: nil
    }
  }
}

extension BootOverride: CustomStringConvertible {
  /// `pxe, uefi, persistent`
  public var description: String {
    [device.rawValue, mode?.rawValue, isPersistent ? "persistent" : nil].compactMap(\.self).joined(separator: ", ")
  }
}

extension Server {
  /// The condition that says whether the machine's management controller answers.
  public static var bmcReachable: String { "BMCReachable" }

  /// Why the request is not carried out without force; `nil` when it may be.
  public func refusal(of request: BMCRequest) -> BMCFailure? {
    guard request.change != nil else { return nil }
    if !spec.accepted {
      return BMCFailure(
        .refused, "not accepted: nothing is done to a machine that nobody accepted, unless with --force")
    }
    if status.inUse, request.isDestructive {
      return BMCFailure(.refused, "allocated: it may be running a cluster's work; with --force it is done anyway")
    }
    return nil
  }

  /// What the journal knows the machine by.
  public var bootSubject: BootSubject { BootSubject(uuid: SystemUUID(metadata.name)) }
}

extension ServerStatus {
  /// Takes in what a management controller said, or that it did not.
  /// - Returns: whether anything is different now.
  public mutating func observe(_ result: Result<BMCAnswer, BMCFailure>, at time: Timestamp) -> Bool {
    let before = self
    switch result {
    case .success(let answer):
      if case .power(let state) = answer { power = state }
      setReachable(.true, nil, time)
    case .failure(let failure):
      switch failure.kind {
      case .unreachable, .timedOut, .wrongPassword, .lockedOut, .sessionsExhausted, .noCommonCipher, .malformed,
        .misconfigured:
        power = .unknown
        setReachable(.false, failure, time)
      case .uncertain: power = .unknown
      case .manual, .unsupported, .refused, .privilege, .busy, .cancelled: break
      }
    }
    return self != before
  }

  /// Forgets what was known by a management controller that is no longer the machine's.
  public mutating func forgetManagement() {
    power = nil
    conditions?.removeAll { $0.type == Server.bmcReachable }
    if conditions?.isEmpty == true { conditions = nil }
  }

  private mutating func setReachable(_ status: Condition.Status, _ failure: BMCFailure?, _ time: Timestamp) {
    var all = conditions ?? []
    let index = all.firstIndex { $0.type == Server.bmcReachable }
    let reason = failure.map { $0.kind.rawValue.prefix(1).uppercased() + $0.kind.rawValue.dropFirst() }
    let old = index.map { all[$0] }
    // The message may tell of details that change at every attempt: only another reason is news.
    if let old, old.status == status, old.reason == reason { return }
    let new = Condition(
      type: Server.bmcReachable, status: status, severity: failure == nil ? nil : "Warning",
      lastTransitionTime: old?.status == status ? old?.lastTransitionTime ?? time : time, reason: reason,
      message: failure.map { PlainText.line($0.message) })
    if let index { all[index] = new } else { all.append(new) }
    conditions = all
  }
}
