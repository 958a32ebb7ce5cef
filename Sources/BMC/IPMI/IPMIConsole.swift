import BareMetal
import IPMI
import NIOCore

/// A machine's serial port by IPMI (serial-over-LAN).
struct IPMIConsole: SerialConsole {
  let network: IPMINetwork
  let session: NIOLoopBound<ConsoleSession>
  let output: AsyncStream<ConsoleOutput>
  private let buffer: ConsoleBuffer

  /// Logs in, and takes the port.
  init(_ access: IPMIAccess, by network: IPMINetwork, takingOver: Bool) async throws(BMCFailure) {
    self.network = network
    session = try await network.using { () async throws(BMCFailure) -> NIOLoopBound<ConsoleSession> in
      let owner = try await network.owner(of: access)
      let session = NIOLoopBound(try network.registry.value.makeConsole(access, owner.value), eventLoop: network.loop)
      let failure: BMCFailure? = await withTaskCancellationHandler {
        do throws(BMCFailure) {
          try await Self.logIn(session)
          try await Self.activate(session, takingOver: takingOver)
          return nil
        } catch {
          return error
        }
      } onCancel: {
        network.loop.execute { session.value.close("given up") }
      }
      guard let failure else { return session }
      session.value.close(failure.message)
      throw Task.isCancelled ? BMCFailure(.cancelled, "\(access.name): given up") : failure
    }
    buffer = try await network.using { [session] () async throws(BMCFailure) in session.value.output }
    output = AsyncStream { [buffer] in await buffer.next() }
  }

  private static func logIn(_ session: NIOLoopBound<ConsoleSession>) async throws(BMCFailure) {
    let owner = session.value.owner
    do {
      try await session.value.open().get()
    } catch {
      throw BMCFailure(.unreachable, "\(owner.name): this host gives no socket: \(error)")
    }
    let failure: IPMISessionFailure? = await withCheckedContinuation { session.value.logIn($0) }
    if let failure { throw owner.noteLogin(of: session.value.access, failure) }
    guard session.value.cipherSuite != nil else {
      throw BMCFailure(.unsupported, "\(owner.name): serial-over-LAN needs IPMI 2.0, and this BMC speaks 1.5")
    }
  }

  private static func activate(
    _ session: NIOLoopBound<ConsoleSession>, takingOver: Bool
  ) async throws(BMCFailure) {
    let access = session.value.access
    let name = session.value.owner.name
    let line = ConsoleLine(session: session)
    let suite = session.value.cipherSuite
    let activation = ActivateSOL(
      isEncrypted: suite?.confidentiality != CipherSuite.Confidentiality.none,
      isSigned: suite?.integrity != CipherSuite.Integrity.none)
    do throws(IPMIFailure) {
      if case .isEnabled(false)? = try await line.askOptional(GetSOLConfiguration(.isEnabled)) {
        throw .refused(command: "serial-over-LAN", ActivateSOL.disabled)
      }
      var reply = try await line.patiently(IPMIRequest(activation))
      // Its first answer may have been lost, and then it is ourselves who have it.
      if reply.code == ActivateSOL.alreadyActive {
        let holder = try await line.askOptional(GetPayloadInstanceInfo())
        guard takingOver || holder?.sessionID == session.value.identifier else {
          throw .refused(command: "ActivateSOL", reply.code)
        }
        _ = try await line.patiently(IPMIRequest(DeactivateSOL()))
        reply = try await line.patiently(IPMIRequest(activation))
      }
      guard reply.code == .success else { throw .refused(command: "ActivateSOL", reply.code) }
      let answer: ActivateSOL.Response
      do { answer = try reply.response(to: activation) } catch {
        throw .unusable("the answer to ActivateSOL makes no sense")
      }
      session.value.activated(mostCharacters: answer.mostCharacters)
    } catch {
      throw Self.failure(error, access, name)
    }
  }

  private static func failure(_ failure: IPMIFailure, _ access: IPMIAccess, _ name: String) -> BMCFailure {
    switch failure {
    case .refused(_, ActivateSOL.alreadyActive):
      BMCFailure(.refused, "\(name): somebody else has the console; take it over, or wait until they are done")
    case .refused(_, ActivateSOL.disabled):
      BMCFailure(.refused, "\(name): serial-over-LAN is disabled in the BMC; enable it there")
    case .refused(_, ActivateSOL.limitReached):
      BMCFailure(.sessionsExhausted, "\(name): all the BMC's consoles are in use")
    case .refused(_, ActivateSOL.cannotEncrypt):
      BMCFailure(
        .noCommonCipher, "\(name): the BMC cannot encrypt serial-over-LAN; allow a cipher suite without encryption")
    case .refused(_, ActivateSOL.mustEncrypt):
      BMCFailure(.noCommonCipher, "\(name): the BMC wants serial-over-LAN encrypted; allow cipher suite 17 or 3")
    default: BMCFailure(failure, access: access, name: name)
    }
  }

  func type(_ bytes: [UInt8]) async throws(BMCFailure) {
    let session = session
    try await network.using { () async throws(BMCFailure) in
      var rest = bytes[...]
      while !rest.isEmpty {
        var taken = 0
        let failure: BMCFailure? = await withCheckedContinuation { taken = session.value.type(Array(rest), $0) }
        if let failure { throw failure }
        rest = rest.dropFirst(taken)
      }
    }
  }

  func sendBreak() async throws(BMCFailure) {
    let session = session
    try await network.using { () async throws(BMCFailure) in
      let failure: BMCFailure? = await withCheckedContinuation { session.value.sendBreak($0) }
      if let failure { throw failure }
    }
  }

  func close() async {
    let session = session
    // A fleet that is closed has closed its consoles.
    try? await network.using { () async throws(BMCFailure) in
      session.value.close("closed")
      try? await session.value.ended.get()
    }
  }
}

/// Commands in a console's session.
struct ConsoleLine: IPMIRequester {
  let session: NIOLoopBound<ConsoleSession>

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    let outcome: BMCOwner.Outcome = await withCheckedContinuation { session.value.ask(request, $0) }
    guard let reply = try outcome.get() else { throw .transport("no answer") }
    return reply
  }

  func fence() async throws(IPMIFailure) { throw .transport("a console has one session") }

  func pause(for duration: Duration) async throws(IPMIFailure) {
    do { try await Task.sleep(for: duration) } catch { throw .transport("given up") }
  }

  var now: ContinuousClock.Instant { .now }
}
