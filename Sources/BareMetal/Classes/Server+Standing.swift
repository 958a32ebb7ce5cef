extension Server {
  /// The condition that keeps a machine from everything, for its identity is in doubt.
  public static let quarantined = "Quarantined"

  /// Why it is quarantined: the condition, where it holds.
  public var quarantine: Condition? {
    status.conditions?.first { $0.type == Self.quarantined && $0.status == .true }
  }

  /// Why a person or a controller keeps it out of every class; `nil` when nothing does.
  public var exclusion: String? {
    if !spec.accepted { return "it is not accepted" }
    if spec.cordoned == true { return "it is cordoned" }
    if let quarantine { return "it is quarantined" + (quarantine.reason.map { " (\($0))" } ?? "") }
    if metadata.deletionTimestamp != nil { return "it is being deleted" }
    return nil
  }

  /// Why it cannot be allocated, as far as it itself says; `nil` when it can.
  public var allocationRefusal: String? {
    if let exclusion { return exclusion }
    if status.inUse { return "it is in use" }
    if !status.isClean { return "it is not clean" + (status.wipe?.isOpen == true ? ": it is being wiped" : "") }
    if !status.ready { return "it is not ready" }
    return nil
  }
}
