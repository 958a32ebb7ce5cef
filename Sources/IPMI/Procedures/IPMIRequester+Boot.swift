extension IPMIRequester {
  /// Says what the machine boots next, and looks whether the BMC has it.
  ///
  /// Only the flags count: BMCs that know nothing of set-in-progress, of the timeout or of acknowledgements are put up
  /// with. A set-in-progress that somebody left behind is waited for and then taken over.
  /// - Parameter isUEFI: `nil`: as the flags have it now.
  public func setBoot(
    _ device: BootFlags.Device, isPersistent: Bool = false, isUEFI: Bool? = nil
  ) async throws(IPMIFailure) {
    var flags = BootFlags(
      device, isPersistent: isPersistent, isUEFI: isUEFI ?? false, isValid: device != .noOverride)
    if isUEFI == nil, let present = try await bootFlags() { flags.isUEFI = present.isUEFI }
    try await beginBootChange()
    if device != .noOverride {
      try await offer(.keepFlagsPastTimeout)
      try await offer(.acknowledge)
    }
    do throws(IPMIFailure) {
      _ = try await ask(SetSystemBootOptions.flags(flags))
    } catch {
      if case .refused = error { try await offer(.setComplete) }
      throw error
    }
    try await offer(.setComplete)
    // Without an answer there is nothing to compare; some machines know one way of booting and ignore the other.
    guard let present = try await bootFlags() else { return }
    // OpenIPMI's ipmi_sim has the device and never says that its flags are valid.
    let isAsAsked =
      device == .noOverride ? !present.isValid || present.device == .noOverride : present.device == device
    guard isAsAsked else {
      throw .unchanged(
        "the BMC took the boot device and still has another (0x\(String(present.device.rawValue, radix: 16)))")
    }
  }

  /// What the machine boots instead of what its firmware is set up to; `nil`: nothing.
  public func readBoot() async throws(IPMIFailure) -> BootFlags? {
    let answer = try await ask(GetSystemBootOptions.flags)
    let flags: BootFlags?
    do { flags = try answer.flags() } catch { throw .malformed(command: "GetSystemBootOptions", error) }
    guard let flags, flags.isValid, flags.device != .noOverride else { return nil }
    return flags
  }

  /// The flags as they are, valid or not; `nil` when the BMC does not tell.
  private func bootFlags() async throws(IPMIFailure) -> BootFlags? {
    guard let answer = try await askOptional(GetSystemBootOptions.flags) else { return nil }
    return try? answer.flags()
  }

  private func beginBootChange() async throws(IPMIFailure) {
    // Whoever is at it needs a few commands' time.
    for _ in 0..<3 {
      let reply = try await patiently(IPMIRequest(SetSystemBootOptions.setInProgress))
      guard reply.code == SetSystemBootOptions.alreadyInProgress else { return }
      try await pause(for: .milliseconds(500))
    }
    try await offer(.setComplete)
    try await offer(.setInProgress)
  }

  /// Sets what a BMC need not know.
  private func offer(_ option: SetSystemBootOptions) async throws(IPMIFailure) {
    _ = try await patiently(IPMIRequest(option))
  }
}
