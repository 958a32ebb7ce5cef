/// What a controller can do about the data of a namespace, and whom else that would hit.
struct NVMeCapabilities: Hashable, Sendable {
  /// Identify, Get Log Page, Format NVM, Sanitize (NVM Express Base Specification 2.0 figure 138).
  enum Opcode {
    static let getLogPage: UInt8 = 0x02
    static let identify: UInt8 = 0x06
    static let format: UInt8 = 0x80
    static let sanitize: UInt8 = 0x84
  }

  /// Sanitize: SANICAP (Identify Controller, bytes 328 to 331).
  var sanitizesByBlockErase: Bool
  var sanitizesByCryptoErase: Bool
  /// Format NVM: OACS bit 1 (bytes 256, 257).
  var formats: Bool
  /// FNA bit 2 (byte 524): Format NVM can throw the key away.
  var formatsByCryptoErase: Bool
  /// FNA bits 0 and 1: Format NVM, or the erasing it does, hits every namespace.
  var formatHitsAll: Bool
  /// There is no other namespace that sanitizing, or such a format, would hit.
  var isAlone: Bool
  /// Command dword 10 of a Format NVM that changes nothing else: LBA format and protection as they are.
  var formatDword: UInt32

  /// Asks the controller.
  init(_ nvme: any NVMeAdministration) throws(EraseFailure) {
    let controller = try Self.identify(nvme, 0x01)
    let namespace = try Self.identify(nvme, 0x00, namespace: nvme.namespace)
    let capabilities = Self.number(controller, 256, 2)
    let sanitize = Self.number(controller, 328, 4)
    let format = controller[524]
    sanitizesByCryptoErase = sanitize & 1 != 0
    sanitizesByBlockErase = sanitize & 2 != 0
    formats = capabilities & 2 != 0
    formatHitsAll = format & 3 != 0
    formatsByCryptoErase = format & 4 != 0
    // Active namespaces; and, where they can be made and taken away, those that are not attached to this controller.
    var isAlone = Self.isOnly(nvme.namespace, try Self.identify(nvme, 0x02))
    if isAlone, capabilities & 8 != 0 { isAlone = Self.isOnly(nvme.namespace, try Self.identify(nvme, 0x10)) }
    self.isAlone = isAlone
    // FLBAS (byte 26): index in bits 3:0 and 6:5, metadata at the end in bit 4. DPS (byte 29): bits 2:0 and 3.
    let (size, protection) = (UInt32(namespace[26]), UInt32(namespace[29]))
    formatDword = size & 0x1f | (protection & 7) << 5 | (protection & 8) << 5 | (size & 0x60) << 7
  }

  private static func identify(
    _ nvme: any NVMeAdministration, _ structure: UInt32, namespace: UInt32 = 0
  ) throws(EraseFailure) -> [UInt8] {
    let command = NVMeCommand(
      opcode: Opcode.identify, namespace: namespace, dword10: structure, answerBytes: 4096)
    let answer = try nvme.carryOut(command, "identify")
    guard answer.count == 4096 else { throw .impossible("identify: a short answer") }
    return answer
  }

  /// A list of namespace numbers (§5.17.2.2), ended by 0.
  private static func isOnly(_ namespace: UInt32, _ list: [UInt8]) -> Bool {
    number(list, 0, 4) == namespace && number(list, 4, 4) == 0
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt32 {
    bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

extension NVMeAdministration {
  /// What the controller gives back. - Throws: when it refuses.
  @discardableResult
  func carryOut(_ command: NVMeCommand, _ name: String) throws(EraseFailure) -> [UInt8] {
    let (status, answer): (UInt16, [UInt8])
    do {
      (status, answer) = try perform(command)
    } catch {
      throw .impossible("\(name): \(error)")
    }
    guard status & 0x7ff == 0 else {
      throw .impossible("\(name): the controller answers status \(String(status & 0x7ff, radix: 16))h")
    }
    return answer
  }
}
