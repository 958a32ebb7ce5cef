public import Wire

/// What a report changed.
public enum WipeProgress: Hashable, Sendable {
  /// The first report: an agent works on it.
  case began
  /// A heartbeat. `quarter`: it came to another 25, 50 or 75 %.
  case running(quarter: Int?)
  /// Everything that was to be erased is.
  case done
  case failed(String)
  /// The end was reported before: the agent did not get the answer.
  case repeated
}

extension ServerStatus {
  /// Takes what the agent reports into ``wipe``, `isClean` and the condition `PowerCycle`.
  public mutating func take(_ report: WipeReport, now: Timestamp) throws(WipeReportError) -> WipeProgress {
    guard var wipe else { throw .noIntent }
    // As secrets: in the same time whatever is wrong.
    guard Secret(wipe.id) == Secret(report.id) else { throw .superseded }
    try report.validate(for: wipe)
    guard wipe.isOpen else {
      guard report.isFinal else { throw .ended }
      return .repeated
    }
    let (hadBegun, before) = (wipe.phase == .running, wipe.percent)
    wipe.phase = .running
    wipe.startedAt = wipe.startedAt ?? now
    wipe.heartbeat = now
    wipe.records = Self.stamped(report.records, before: wipe.records, now: now)
    self.wipe = wipe
    guard report.isFinal else {
      let percent = wipe.percent
      self.wipe?.message = "\(percent) % erased"
      setPowerCycle(.false, reason: "InProgress", now: now)
      guard hadBegun else { return .began }
      return .running(quarter: percent / 25 > before / 25 ? percent / 25 * 25 : nil)
    }
    if let reason = report.shortcoming(for: wipe) {
      failWipe(reason, now: now)
      return .failed(reason)
    }
    self.wipe?.phase = .done
    self.wipe?.finishedAt = now
    self.wipe?.message = wipe.summary
    isClean = true
    ready = true
    setPowerCycle(.true, now: now)
    return .done
  }

  /// Ends the open wipe without success: the machine is not clean, and nothing is erased until another is asked for.
  public mutating func failWipe(_ reason: String, now: Timestamp) {
    guard wipe?.isOpen == true else { return }
    wipe?.phase = .failed
    wipe?.finishedAt = now
    wipe?.message = PlainText.line(reason)
    isClean = false
    setPowerCycle(.false, reason: "WipeFailed", severity: "Error", message: PlainText.line(reason), now: now)
  }

  /// The condition `PowerCycle`. Its time is renewed each time, as it is Sidero's heartbeat.
  private mutating func setPowerCycle(
    _ status: Condition.Status, reason: String? = nil, severity: String? = nil, message: String? = nil, now: Timestamp
  ) {
    let condition = Condition(
      type: "PowerCycle", status: status, severity: severity ?? (status == .false ? "Info" : nil),
      lastTransitionTime: now, reason: reason, message: message)
    if let place = conditions?.firstIndex(where: { $0.type == condition.type }) {
      conditions?[place] = condition
    } else {
      conditions = (conditions ?? []) + [condition]
    }
  }

  /// The daemon's times on the agent's records.
  private static func stamped(_ records: [EraseRecord], before: [EraseRecord]?, now: Timestamp) -> [EraseRecord] {
    records.map { record in
      let old = before?.first { $0.disk == record.disk }
      var record = record
      let wasWorkedOn = record.result != .kept && record.result != .skipped
      record.startedAt = wasWorkedOn ? old?.startedAt ?? now : nil
      record.finishedAt = record.result == .running ? nil : old?.finishedAt ?? now
      return record
    }
  }
}

extension WipeReport {
  /// Why the machine is not clean after this last report; `nil` when it is.
  fileprivate func shortcoming(for intent: WipeStatus) -> String? {
    for order in intent.disks {
      let found = records.filter { $0.disk == order.disk }
      switch order.action {
      case .keep:
        // Nothing of the agent's does this. If it happened, somebody must know.
        if found.contains(where: { $0.result == .erased }) { return "\(order.disk) was to be kept, and is erased" }
      case .erase:
        if let failed = found.first(where: { $0.result == .failed }) {
          return "\(order.disk): \(failed.message ?? "not erased, the agent says no reason")"
        }
        let isErased =
          found.count == intent.disks.count { $0.disk == order.disk }
          && found.allSatisfy { $0.result == .erased && $0.verification?.isEmpty == false }
        // The agent's own word comes first: it knows why it stopped.
        if !isErased { return failure ?? "\(order.disk) was not erased and read back" }
      }
    }
    return failure
  }
}

extension WipeStatus {
  /// `2 disks erased, 1 kept`
  fileprivate var summary: String {
    let erased = disks.count { $0.action == .erase }
    let kept = disks.count - erased
    return "\(erased) disk\(erased == 1 ? "" : "s") erased" + (kept == 0 ? "" : ", \(kept) kept")
  }
}
