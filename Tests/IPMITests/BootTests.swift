import BMC
import Testing

@testable import IPMI

struct BootTests {
  /// Boot options by number; what is not there is refused.
  struct Options: Sendable {
    var values: [UInt8: [UInt8]] = [0: [0], 3: [0], 4: [0, 0], 5: [0, 0, 0, 0, 0]]
    var refusal: UInt8 = 0x80
    var written: [UInt8] = []
    var ignoresFlags = false

    mutating func answer(_ request: IPMIRequest) -> IPMIReply? {
      let number = request.data[0] & 0x7f
      guard let present = values[number] else { return .no(refusal) }
      switch request.key {
      case 0x0008:
        if number == 0, present == [1], request.data[1] == 1 { return .no(0x81) }
        written.append(number)
        if number != 5 || !ignoresFlags { values[number] = Array(request.data.dropFirst()) }
        return .ok()
      case 0x0009: return .ok([1, number] + present)
      default: return .no(0xc1)
      }
    }
  }

  @Test("network boot once, the UEFI way: in progress, timeout, acknowledge, flags, done; read back")
  func pxe() async throws {
    let bmc = ScriptedRequester(Options()) { $0.answer($1) }
    try await bmc.setBoot(.pxe, isUEFI: true)
    let options = await bmc.state
    #expect(options.written == [0, 3, 4, 5, 0])
    // Table 28-14: valid, UEFI; device 0001b in bits 2 to 5.
    #expect(options.values[5] == [0xa0, 0x04, 0, 0, 0])
    #expect(options.values[3] == [0x08] && options.values[4] == [1, 1] && options.values[0] == [0])
    #expect(try await bmc.readBoot()?.device == .pxe)
  }

  @Test("without a mode the present one stays; for good is a bit; nothing takes it back")
  func mode() async throws {
    let bmc = ScriptedRequester(Options()) { $0.answer($1) }
    await bmc.change { $0.values[5] = [0x20, 0, 0, 0, 0] }
    try await bmc.setBoot(.disk, isPersistent: true)
    #expect(await bmc.state.values[5] == [0xe0, 0x08, 0, 0, 0])
    try await bmc.setBoot(.noOverride)
    #expect(await bmc.state.values[5] == [0x20, 0, 0, 0, 0])
    #expect(try await bmc.readBoot() == nil)
  }

  @Test(
    "BMCs that know the flags alone are put up with, whatever they refuse with",
    arguments: [0x80, 0xc9, 0xcc] as [UInt8])
  func flagsAlone(refusal: UInt8) async throws {
    let bmc = ScriptedRequester(Options(values: [5: [0, 0, 0, 0, 0]], refusal: refusal)) { $0.answer($1) }
    try await bmc.setBoot(.pxe)
    #expect(await bmc.state.values[5] == [0x80, 0x04, 0, 0, 0])
  }

  @Test("flags refused are an error, and nothing stays in progress")
  func refused() async throws {
    let bmc = ScriptedRequester(Options(values: [0: [0]])) { $0.answer($1) }
    await #expect(throws: IPMIFailure.refused(command: "SetSystemBootOptions", CompletionCode(rawValue: 0x80))) {
      try await bmc.setBoot(.pxe)
    }
    #expect(await bmc.state.values[0] == [0])
  }

  @Test("a change that somebody left in progress is waited for and taken over")
  func stale() async throws {
    let bmc = ScriptedRequester(Options()) { $0.answer($1) }
    await bmc.change { $0.values[0] = [1] }
    try await bmc.setBoot(.pxe)
    #expect(await bmc.state.values[0] == [0])
    #expect(await bmc.paused == .milliseconds(1500))
  }

  @Test("a BMC that takes the flags and has others is named")
  func ignored() async throws {
    let bmc = ScriptedRequester(Options(ignoresFlags: true)) { $0.answer($1) }
    await #expect(throws: IPMIFailure.self) { try await bmc.setBoot(.pxe) }
  }

  @Test("over a session")
  func session() async throws {
    let bmc = ConversationRequester(.test(), .test(), seed: 1)
    try await bmc.setBoot(.cd, isPersistent: true, isUEFI: true)
    let flags = try await bmc.readBoot()
    #expect(flags == BootFlags(.cd, isPersistent: true, isUEFI: true))
    let machine = await bmc.talk.bmc.machine
    #expect(machine.bootFlags == flags && machine.bootOptions[0] == [0])
  }
}
