public import Wire

extension Optional<[Condition]> {
  /// The condition of that type.
  public func condition(_ type: String) -> Condition? { self?.first { $0.type == type } }

  /// Whether there is one of that type, and it is true.
  public func isTrue(_ type: String) -> Bool { condition(type)?.status == .true }

  /// Sets the condition of the type. Its time stays as it is as long as status and reason do; `renewed`: it is `now` in
  /// any case.
  public mutating func set(
    _ type: String, _ status: Condition.Status, reason: String? = nil, severity: String? = nil, message: String? = nil,
    now: Timestamp, renewed: Bool = false
  ) {
    let old = condition(type)
    let isSame = old?.status == status && old?.reason == reason && !renewed
    let new = Condition(
      type: type, status: status, severity: severity, lastTransitionTime: isSame ? old?.lastTransitionTime ?? now : now,
      reason: reason, message: message)
    var all = self ?? []
    if let place = all.firstIndex(where: { $0.type == type }) { all[place] = new } else { all.append(new) }
    self = all
  }

  /// - Returns: what it was.
  @discardableResult
  public mutating func remove(_ type: String) -> Condition? {
    let old = condition(type)
    self?.removeAll { $0.type == type }
    if self?.isEmpty == true { self = nil }
    return old
  }
}
