extension EraseRun {
  /// SANACT, NVM Express Base Specification 2.0 figure 303.
  enum SanitizeAction: UInt32 {
    case exitFailure = 1
    case blockErase = 2
    case cryptoErase = 4
  }

  /// Between two looks at how far it is.
  private static let pollInterval = Duration.seconds(2)
  /// No drive takes longer; those that take long are large and erase by overwriting, which we do not ask for.
  private static let sanitizeLimit = Duration.seconds(6 * 3600)
  /// A format answers when it is done.
  private static let formatLimit = Duration.seconds(2 * 3600)

  /// Sanitize (§5.24): hits the whole NVM subsystem, so only where this is all there is.
  func sanitize(_ action: SanitizeAction) throws(EraseFailure) {
    let (nvme, capabilities) = try controller()
    let isSupported =
      action == .blockErase ? capabilities.sanitizesByBlockErase : capabilities.sanitizesByCryptoErase
    guard isSupported else { throw .impossible("not supported") }
    guard capabilities.isAlone else { throw .impossible("it would erase other namespaces too") }
    // A machine that lost power while it sanitized goes on by itself.
    try awaitSanitized(nvme)
    // Bit 3, AUSE: with it a failure can be left again, and something else be tried.
    try nvme.carryOut(
      NVMeCommand(opcode: NVMeCapabilities.Opcode.sanitize, dword10: action.rawValue | 1 << 3), "sanitize")
    do {
      try awaitSanitized(nvme, mustHaveWorked: true)
    } catch .impossible(let reason) {
      _ = try? nvme.carryOut(
        NVMeCommand(
          opcode: NVMeCapabilities.Opcode.sanitize, dword10: SanitizeAction.exitFailure.rawValue), "sanitize")
      throw .impossible(reason)
    }
  }

  /// Format NVM (§5.14) with secure erase: LBA format and protection stay.
  func format() throws(EraseFailure) {
    let (nvme, capabilities) = try controller()
    guard capabilities.formats else { throw .impossible("not supported") }
    guard capabilities.isAlone || !capabilities.formatHitsAll else {
      throw .impossible("it would erase other namespaces too")
    }
    // SES, bits 11:9: 1 erases user data, 2 the key.
    for setting: UInt32 in capabilities.formatsByCryptoErase ? [1, 2] : [1] {
      do {
        try nvme.carryOut(
          NVMeCommand(
            opcode: NVMeCapabilities.Opcode.format, namespace: nvme.namespace,
            dword10: capabilities.formatDword | setting << 9, limit: Self.formatLimit), "format")
        return try tell(device.size)
      } catch .impossible(let reason) {
        guard setting == 1, capabilities.formatsByCryptoErase else { throw .impossible(reason) }
      }
    }
  }

  private func controller() throws(EraseFailure) -> (any NVMeAdministration, NVMeCapabilities) {
    guard let nvme = device.nvme else { throw .impossible("no NVMe") }
    return (nvme, try NVMeCapabilities(nvme))
  }

  /// Looks at the sanitize status log (§5.16.1.22) until nothing is under way.
  private func awaitSanitized(_ nvme: any NVMeAdministration, mustHaveWorked: Bool = false) throws(EraseFailure) {
    var waited = Duration.zero
    while true {
      // 128 dwords of log page 81h.
      let log = try nvme.carryOut(
        NVMeCommand(
          opcode: NVMeCapabilities.Opcode.getLogPage, namespace: .max, dword10: 0x81 | 127 << 16, answerBytes: 512),
        "sanitize status")
      guard log.count == 512 else { throw .impossible("sanitize status: a short answer") }
      let done = UInt64(log[0]) | UInt64(log[1]) << 8
      switch log[2] & 7 {
      case 2: try tell(device.size / 65_536 * done)
      case 1, 4: return try tell(mustHaveWorked ? device.size : 0)
      case 0 where !mustHaveWorked: return
      case 3 where !mustHaveWorked: return
      case let status: throw .impossible("sanitize ended with status \(status)")
      }
      guard waited < Self.sanitizeLimit else { throw .impossible("sanitize did not end in time") }
      wait(Self.pollInterval)
      waited += Self.pollInterval
    }
  }
}
