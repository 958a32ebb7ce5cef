import BMC
import BareMetal
import IPMI
import Synchronization
import Testing

@Suite("Fleet: consoles", .timeLimit(.minutes(1)))
struct ConsoleTests {
  /// Reads until `text` was seen; what else came before it.
  @discardableResult
  private func read(
    _ output: inout AsyncStream<ConsoleOutput>.Iterator, until text: String
  ) async -> [ConsoleOutput] {
    var others: [ConsoleOutput] = []
    var seen = ""
    while let next = await output.next() {
      if case .bytes(let bytes) = next { seen += String(decoding: bytes, as: UTF8.self) } else { others.append(next) }
      if seen.contains(text) { return others }
    }
    Issue.record("ended before \(text) came: \(seen)")
    return others
  }

  /// How it ended.
  private func end(_ output: inout AsyncStream<ConsoleOutput>.Iterator) async -> String? {
    while let next = await output.next() { if case .ended(let reason) = next { return reason } }
    return nil
  }

  @Test("what is typed is echoed, a break arrives, what the machine says is shown, and closing lets go of the port")
  func conversation() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc)
      let console = try await controller.openConsole(takingOver: false)
      var output = console.output.makeAsyncIterator()
      try await console.type(Array("hello".utf8))
      await read(&output, until: "hello")
      let long = String(repeating: "x", count: 1000)
      try await console.type(Array((long + "!").utf8))
      await read(&output, until: "!")
      try await console.sendBreak()
      await read(&output, until: "[break]")
      // Another session's work shows here.
      try await controller.power(.on)
      await read(&output, until: "powered on")
      #expect(bmc.openSessions == 2)
      await console.close()
      #expect(await end(&output) == "closed")
      #expect(bmc.openSessions == 1)
      #expect(await failure { try await console.type([0x41]) }?.kind == .cancelled)
      // The port is free.
      let next = try await controller.openConsole(takingOver: false)
      await next.close()
    }
    #expect(bmc.openSessions == 0)
    await bmc.stop()
  }

  @Test("a console that somebody has is taken over only when asked, and whoever had it is told and keeps away")
  func takingOver() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc)
      let first = try await controller.openConsole(takingOver: false)
      var firstOutput = first.output.makeAsyncIterator()
      let refusal = await failure { try await controller.openConsole(takingOver: false) }
      #expect(refusal?.kind == .refused)
      #expect(refusal?.message.contains("take it over") == true)
      let second = try await controller.openConsole(takingOver: true)
      var output = second.output.makeAsyncIterator()
      #expect(await end(&firstOutput)?.contains("another session") == true)
      await first.close()
      // The first one's end did not take the port back from the second.
      try await second.type(Array("mine".utf8))
      await read(&output, until: "mine")
      await second.close()
    }
    #expect(bmc.openSessions == 0)
    await bmc.stop()
  }

  @Test("a BMC that restarts ends the console, and that is said")
  func lost() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let console = try await fleet.controller(of: bmc).openConsole(takingOver: false)
      var output = console.output.makeAsyncIterator()
      bmc.restart()
      async let typed = failure { try await console.type([0x41]) }
      #expect(await end(&output)?.contains("no more characters") == true)
      #expect(await typed?.kind == .cancelled)
      await console.close()
    }
    await bmc.stop()
  }

  @Test("a fleet that is closed closes its consoles")
  func closing() async throws {
    let bmc = try await TestBMC.start()
    var output: AsyncStream<ConsoleOutput>.Iterator?
    try await withFleet { fleet in
      output = try await fleet.controller(of: bmc).openConsole(takingOver: false).output.makeAsyncIterator()
    }
    var iterator = try #require(output)
    #expect(await end(&iterator)?.contains("shutting down") == true)
    #expect(bmc.openSessions == 0)
    await bmc.stop()
  }

  @Test("a lost answer to ActivateSOL: the session that has the port is our own, so nobody is taken over from")
  func ownPort() async throws {
    // Suite 2 does not encrypt, so the network sees which answer it loses.
    let bmc = try await TestBMC.start(
      .test {
        $0.cipherSuites = [.two]
        $0.faults.carriesOutRepeats = true
      })
    let lost = Losses()
    bmc.read {
      $0.faults.tamper = { bytes in
        guard bytes.count > 22, bytes[21] == ActivateSOL.command, lost.count == 0 else { return bytes }
        lost.add()
        return nil
      }
    }
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc) { $0.cipherSuites = [2] }
      let console = try await controller.openConsole(takingOver: false)
      #expect(lost.count == 1)
      var output = console.output.makeAsyncIterator()
      try await console.type(Array("hello".utf8))
      await read(&output, until: "hello")
      #expect(await failure { try await controller.openConsole(takingOver: false) }?.kind == .refused)
      await console.close()
    }
    await bmc.stop()
  }

  @Test("IPMI 1.5 has no consoles, and that is said")
  func version15() async throws {
    let bmc = try await TestBMC.start(.test { $0.supportsVersion20 = false })
    try await withFleet { fleet in
      let failure = await failure { try await fleet.controller(of: bmc).openConsole(takingOver: false) }
      #expect(failure?.kind == .unsupported)
    }
    #expect(bmc.openSessions == 0)
    await bmc.stop()
  }
}

private final class Losses: Sendable {
  private let total = Mutex(0)
  var count: Int { total.withLock { $0 } }
  func add() { total.withLock { $0 += 1 } }
}
