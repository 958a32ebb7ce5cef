import BareMetal
import IPMI
import NIOCore

/// A session for a machine's serial port, with a socket of its own: what else is asked of the BMC, restarts of its
/// session included, does not disturb it. Confined to the event loop.
final class ConsoleSession: NIOScheduledCallbackHandler {
  let access: IPMIAccess
  let owner: BMCOwner
  let output = ConsoleBuffer()
  private unowned let registry: IPMIRegistry
  private var socket: BMCSocket?
  private var session: IPMISession
  private var sol: SerialOverLAN?
  private var replies: [IPMISession.RequestID: CheckedContinuation<BMCOwner.Outcome, Never>] = [:]
  private var login: CheckedContinuation<IPMISessionFailure?, Never>?
  /// Who waits until everything typed was taken.
  private var typists: [CheckedContinuation<BMCFailure?, Never>] = []
  private var whenEnded: EventLoopPromise<Void>
  private var isClosing = false
  /// What lets go of the port, on its way; then the session is closed.
  private var deactivation: IPMISession.RequestID?
  private var timer: NIOScheduledCallback?
  private var timerAt: ContinuousClock.Instant?

  init(_ configuration: IPMISessionConfiguration, access: IPMIAccess, owner: BMCOwner, of registry: IPMIRegistry) {
    self.access = access
    self.owner = owner
    self.registry = registry
    session = IPMISession(configuration, crypto: registry.crypto)
    whenEnded = registry.loop.makePromise()
  }

  /// What its packets are protected with.
  var cipherSuite: CipherSuite? { session.cipherSuite }

  /// The BMC's number of the session.
  var identifier: UInt32 { session.bmcSessionID }

  var ended: EventLoopFuture<Void> { whenEnded.futureResult }

  // MARK: The session

  func open() -> EventLoopFuture<Void> {
    let socket = BMCSocket(
      owner.address.protocol == .inet6 ? "::" : "0.0.0.0", on: registry.loop, counters: registry.counters,
      logger: registry.logger
    ) { [weak self] in self?.received(from: $0, $1) }
    self.socket = socket
    return socket.open()
  }

  func logIn(_ continuation: CheckedContinuation<IPMISessionFailure?, Never>) {
    login = continuation
    perform(session.start(at: .now, random: &registry.random))
    rearm()
  }

  func ask(_ request: IPMIRequest, _ continuation: CheckedContinuation<BMCOwner.Outcome, Never>) {
    guard let (id, actions) = session.send(request, at: .now, random: &registry.random) else {
      continuation.resume(returning: .failure(.transport("the console's session is over")))
      return
    }
    replies[id] = continuation
    perform(actions)
    rearm()
  }

  private func received(from address: SocketAddress, _ bytes: ByteBuffer) {
    registry.counters.datagramReceived()
    guard address == owner.address else { return registry.counters.ignored(.stranger) }
    perform(session.receive(bytes.readableBytesUInt8Span, at: .now, random: &registry.random))
    rearm()
  }

  private func perform(_ actions: [IPMISession.Action]) {
    for action in actions {
      switch action {
      case .send(let datagram):
        registry.counters.datagramSent()
        socket?.send(datagram, to: owner.address)
      case .ignored(let reason): registry.counters.ignored(IPMICounters.Ignored(reason))
      case .established:
        registry.counters.loggedIn()
        login?.resume(returning: nil)
        login = nil
      case .response(let id, _) where id == deactivation: closeSession()
      case .unanswered(let id) where id == deactivation: closeSession()
      case .response(let id, let reply): replies.removeValue(forKey: id)?.resume(returning: .success(reply))
      case .unanswered(let id): replies.removeValue(forKey: id)?.resume(returning: .failure(.unanswered))
      case .abandoned(let id):
        replies.removeValue(forKey: id)?.resume(returning: .failure(.transport("the console's session is over")))
      case .payload(let type, let payload): received(type, payload)
      case .failed(let failure):
        login?.resume(returning: failure)
        login = nil
        end(BMCFailure(failure, access: access, name: owner.name).message)
      case .closed: end("closed")
      }
    }
  }

  // MARK: The port

  /// The port is ours.
  func activated(mostCharacters: Int) { sol = SerialOverLAN(mostCharacters: mostCharacters) }

  private func received(_ type: PayloadType, _ payload: [UInt8]) {
    guard type == .serialOverLAN else { return registry.counters.ignored(.unexpected) }
    do {
      perform(try sol?.receive(payload.span, at: .now) ?? [])
    } catch {
      registry.counters.ignored(.malformed)
    }
  }

  private func perform(_ actions: [SerialOverLAN.Action]) {
    for action in actions {
      switch action {
      case .send(let payload):
        perform(session.send(.serialOverLAN, payload, at: .now, random: &registry.random))
      case .received(let characters): output.add(.bytes(characters))
      case .overrun: output.add(.lost)
      case .broke: output.add(.sentBreak)
      // The port is somebody else's now, or may be: letting go of it would take it from them.
      case .deactivated:
        sol = nil
        close("the BMC ended it: another session took the port, or somebody deactivated it")
      case .timedOut:
        sol = nil
        close("the BMC takes no more characters")
      }
    }
    if sol?.isIdle ?? false { typed(nil) }
  }

  private func typed(_ failure: BMCFailure?) {
    let waiting = typists
    typists = []
    for typist in waiting { typist.resume(returning: failure) }
  }

  /// Of more characters than fit the first part is taken.
  func type(_ bytes: [UInt8], _ continuation: CheckedContinuation<BMCFailure?, Never>) -> Int {
    guard !isClosing, let (taken, actions) = sol?.type(bytes, at: .now) else {
      continuation.resume(returning: BMCFailure(.cancelled, "\(owner.name): the console is closed"))
      return 0
    }
    typists.append(continuation)
    perform(actions)
    rearm()
    return taken
  }

  func sendBreak(_ continuation: CheckedContinuation<BMCFailure?, Never>) {
    guard !isClosing, let actions = sol?.sendBreak(at: .now) else {
      continuation.resume(returning: BMCFailure(.cancelled, "\(owner.name): the console is closed"))
      return
    }
    typists.append(continuation)
    perform(actions)
    rearm()
  }

  // MARK: The end

  /// Lets go of the port and of the session's slot in the BMC, bounded in time.
  func close(_ reason: String) {
    guard !isClosing else { return }
    isClosing = true
    output.add(.ended(reason: reason))
    typed(BMCFailure(.cancelled, "\(owner.name): the console is closed: \(reason)"))
    let console = NIOLoopBound(self, eventLoop: registry.loop)
    // The port first, after whatever else is on its way: closing alone frees it in most BMCs, not in all.
    if sol != nil,
      let (id, actions) = session.send(
        IPMIRequest(DeactivateSOL()), at: .now, random: &registry.random)
    {
      deactivation = id
      perform(actions)
    } else {
      closeSession()
    }
    sol = nil
    registry.loop.assumeIsolated().scheduleTask(in: TimeAmount(registry.configuration.closeTimeout)) {
      console.value.end(reason)
    }
    rearm()
  }

  private func closeSession() {
    deactivation = nil
    perform(session.close(at: .now, random: &registry.random))
  }

  /// Everything is over.
  private func end(_ reason: String) {
    isClosing = true
    sol = nil
    output.add(.ended(reason: reason))
    typed(BMCFailure(.cancelled, "\(owner.name): the console is closed: \(reason)"))
    login?.resume(returning: .timedOut(during: .opening))
    login = nil
    timer?.cancel()
    timer = nil
    guard let socket else { return }
    self.socket = nil
    registry.consoleEnded(self)
    let ended = whenEnded
    guard let channel = socket.close() else { return ended.succeed() }
    channel.close().whenComplete { _ in ended.succeed() }
  }

  // MARK: Time

  func handleScheduledCallback(eventLoop: some EventLoop) {
    timer = nil
    timerAt = nil
    let now = ContinuousClock.now
    if let due = session.deadline, now >= due { perform(session.timeout(at: now, random: &registry.random)) }
    if let due = sol?.deadline, now >= due { perform(sol?.timeout(at: now) ?? []) }
    rearm()
  }

  private func rearm() {
    guard socket != nil, let next = [session.deadline, sol?.deadline].compactMap(\.self).min() else { return }
    if let timerAt, timerAt <= next { return }
    timer?.cancel()
    timer = try? registry.loop.assumeIsolated().scheduleCallback(
      in: TimeAmount(max(.zero, next - .now)), handler: self)
    timerAt = next
  }
}
