public import Wire

extension WipeStatus {
  /// The intent to wipe a Server: decides for each disk of its last discovery whether it is erased, by `spec.wipePolicy`.
  ///
  /// A Server that was never discovered has no disks to name; its intent would hold for a machine without any
  /// (``Server/knowsDisks``).
  ///
  /// - Parameters:
  ///   - mode: for a Server whose policy says none.
  ///   - id: made at random.
  public static func intent(
    for server: Server, reason: Reason, by: String? = nil, mode: WipePolicy.Mode, id: String, now: Timestamp
  ) -> WipeStatus {
    let policy = server.spec.wipePolicy ?? WipePolicy()
    let devices = server.spec.hardware?.storage?.devices ?? []
    let system = policy.scope == .systemDisk ? policy.chooseSystemDisk(of: devices) : nil
    var intent = WipeStatus(
      id: id, reason: reason, by: by, generation: (server.status.wipe?.generation ?? 0) + 1, requestedAt: now,
      mode: policy.mode ?? mode,
      disks: devices.enumerated().map { index, device in
        let (action, reason) = policy.decide(device, isSystemDisk: system.map { $0.index == index })
        return DiskOrder(disk: DiskIdentity(device), action: action, reason: reason)
      })
    intent.systemDiskAssumed = system?.isAssumed == true ? true : nil
    return intent
  }

  /// The intent as it is given to the machine that has just been discovered. What is known now can only spare disks: those
  /// that carry a label that is to be kept, which nobody could know when the intent was recorded.
  public func given(to server: Server) throws(WipeRefusal) -> WipeStatus {
    let policy = server.spec.wipePolicy ?? WipePolicy()
    let devices = server.spec.hardware?.storage?.devices ?? []
    let plan = try WipePlan(disks, present: devices)
    var given = self
    for (place, step) in plan.steps.enumerated() where step.order.action == .erase {
      let device = devices[step.index]
      if let rule = policy.keepingRule(device) {
        given.disks[place].action = .keep
        given.disks[place].reason = rule
      } else if systemDiskAssumed == true, phase == .requested, device.systemPartition != true,
        let other = devices.first(where: { $0.systemPartition == true && policy.keepingRule($0) == nil })
      {
        throw WipeRefusal(
          "\(step.order.disk) was taken for the system disk, but the machine boots from \(DiskIdentity(other)): "
            + "name it in spec.wipePolicy.systemDisk; \(WipeRefusal.newIntent)")
      }
    }
    return given
  }
}

extension WipePolicy {
  fileprivate func keepingRule(_ disk: StorageDevice) -> String? {
    (keep ?? []).first { $0.selects(disk) }.map { "policy: keep \($0)" }
  }

  fileprivate func decide(_ disk: StorageDevice, isSystemDisk: Bool?) -> (DiskOrder.Action, String?) {
    if disk.readOnly == true { return (.keep, "read-only") }
    if let rule = keepingRule(disk) { return (.keep, rule) }
    return switch isSystemDisk {
    case nil: (.erase, nil)
    case true?: (.erase, "policy: the system disk")
    case false?: (.keep, "policy: system disk only")
    }
  }

  /// `isAssumed`: by its place alone. With nothing to choose from, a place that no disk has.
  fileprivate func chooseSystemDisk(of disks: [StorageDevice]) -> (index: Int, isAssumed: Bool) {
    let candidates = disks.indices.filter { disks[$0].readOnly != true && keepingRule(disks[$0]) == nil }
    if let systemDisk {
      return (candidates.first { systemDisk.selects(disks[$0]) } ?? -1, false)
    }
    if let index = candidates.first(where: { disks[$0].systemPartition == true }) { return (index, false) }
    return (candidates.first ?? -1, candidates.count > 1)
  }
}

extension Server {
  /// Whether its disks are known: only then an intent to wipe it makes sense.
  public var knowsDisks: Bool { spec.hardware?.storage?.devices != nil }

  /// Why its disks must not be written to, whatever intent is recorded; `nil` when they may. Whether it is in use, the
  /// bindings say.
  public var wipeObstacle: String? {
    if !spec.accepted { return "it is not accepted" }
    if metadata.deletionTimestamp != nil { return "it is being deleted" }
    if let quarantine = status.conditions?.first(where: { $0.type == "Quarantined" && $0.status == .true }) {
      return "it is quarantined (\(quarantine.reason ?? "no reason given"))"
    }
    return nil
  }
}
