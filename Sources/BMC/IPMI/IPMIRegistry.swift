import BareMetal
import IPMI
import Logging
import NIOCore

/// Every BMC that IPMI is spoken with, and whose turn it is. Confined to its event loop.
final class IPMIRegistry {
  let configuration: BMCFleetConfiguration
  let loop: any EventLoop
  let counters: IPMICounters
  let logger: Logger
  let resolver: AddressResolver
  let crypto = OpenSSLCrypto()
  var random = OpenSSLRandom()

  private var ipv4: BMCSocket?
  private var ipv6: BMCSocket?
  private let routes = RouteProbe()
  private var owners: [BMCAddress: BMCOwner] = [:]

  /// Turns of BMCs that are free, in the order they came.
  private var waiting = CircularBuffer<BMCTurn>()
  /// Turns that wait, those for their BMC included.
  private var waitingCount = 0
  private var runningCount = 0
  private var openSessions = 0
  private var consoles: [ObjectIdentifier: ConsoleSession] = [:]
  private var closing: Closing?

  init(_ configuration: BMCFleetConfiguration, on loop: any EventLoop, logger: Logger, counters: IPMICounters) {
    self.configuration = configuration
    self.loop = loop
    self.logger = logger
    self.counters = counters
    resolver = AddressResolver(on: loop)
  }

  // MARK: Sockets

  /// - Returns: the sockets, to be opened: IPv4 first.
  func makeSockets() -> [BMCSocket] {
    let sockets = ["0.0.0.0", "::"].map { wildcard in
      BMCSocket(wildcard, on: loop, counters: counters, logger: logger) { [unowned self] in received(from: $0, $1) }
    }
    (ipv4, ipv6) = (sockets.first, sockets.last)
    return sockets
  }

  /// Why nothing can be sent to an address; `nil` when it can.
  func objection(to address: SocketAddress) -> String? {
    if address.protocol == .inet6, ipv6?.isOpen != true { return "this host has no IPv6" }
    return routes.objection(to: address)
  }

  func send(_ bytes: [UInt8], to address: SocketAddress) {
    counters.datagramSent()
    (address.protocol == .inet6 ? ipv6 : ipv4)?.send(bytes, to: address)
  }

  private func received(from address: SocketAddress, _ bytes: ByteBuffer) {
    counters.datagramReceived()
    guard let key = BMCAddress(address), let owner = owners[key] else {
      counters.ignored(.stranger)
      return
    }
    owner.receive(bytes.readableBytesUInt8Span)
  }

  // MARK: Owners

  /// The one owner of the BMC at an address. `nil`: too many are in use.
  func owner(of address: SocketAddress, name: String) -> BMCOwner? {
    guard let key = BMCAddress(address) else { return nil }
    if let owner = owners[key] { return owner }
    if owners.count >= configuration.mostBMCs { forgetIdleOwners() }
    guard owners.count < configuration.mostBMCs else { return nil }
    let owner = BMCOwner(address, name: name, of: self)
    owners[key] = owner
    return owner
  }

  /// Makes room for an eighth more; a BMC that refused a password is remembered longer than others.
  private func forgetIdleOwners() {
    let idle = owners.filter { $0.value.isIdle }.sorted { one, other in
      (one.value.lockout.isEmpty ? 0 : 1, one.value.lastUsed) < (
        other.value.lockout.isEmpty ? 0 : 1, other.value.lastUsed
      )
    }
    for (key, owner) in idle.prefix(max(1, configuration.mostBMCs / 8)) {
      owner.letGo()
      owners[key] = nil
    }
  }

  func sessionOpened() {
    openSessions += 1
    counters.sessionsOpen(openSessions)
  }

  func sessionEnded() {
    openSessions -= 1
    counters.sessionsOpen(openSessions)
  }

  // MARK: Consoles

  /// A console's session, not begun yet.
  func makeConsole(_ access: IPMIAccess, _ owner: BMCOwner) throws(BMCFailure) -> ConsoleSession {
    guard closing == nil else { throw .closing }
    guard consoles.count < configuration.mostConsoles else {
      throw BMCFailure(.busy, "\(owner.name): \(consoles.count) consoles are open already; close one")
    }
    let console = ConsoleSession(try owner.sessionConfiguration(for: access), access: access, owner: owner, of: self)
    consoles[ObjectIdentifier(console)] = console
    counters.consolesOpen(consoles.count)
    return console
  }

  func consoleEnded(_ console: ConsoleSession) {
    consoles[ObjectIdentifier(console)] = nil
    counters.consolesOpen(consoles.count)
  }

  // MARK: Turns

  /// Lets a turn wait until its BMC is free and not too many others are busy.
  func enter(_ turn: BMCTurn) {
    guard closing == nil else { return refuse(turn, .closing) }
    let owner = turn.owner
    guard waitingCount < configuration.queue, owner.waiting.count < configuration.queuePerBMC else {
      return refuse(
        turn, BMCFailure(.busy, "\(owner.name): too many requests wait already; try again when they are done"))
    }
    waitingCount += 1
    if owner.isTaken {
      owner.waiting.append(turn)
    } else {
      owner.isTaken = true
      waiting.append(turn)
      admit()
    }
  }

  /// The caller gave up, or is done.
  func leave(_ turn: BMCTurn) {
    switch turn.state {
    case .ended: return
    case .waiting:
      // It stays in its queue, where it is passed over.
      turn.state = .ended
      refuse(turn, BMCFailure(.cancelled, "\(turn.owner.name): given up before its turn came"))
    case .running:
      turn.state = .ended
      runningCount -= 1
      turn.owner.turnEnded(turn)
      passOn(turn.owner)
      admit()
    }
  }

  private func admit() {
    while runningCount < configuration.concurrency, let turn = waiting.popFirst() {
      waitingCount -= 1
      guard turn.state == .waiting else {
        passOn(turn.owner)
        continue
      }
      turn.state = .running
      runningCount += 1
      turn.owner.turnBegan(turn)
      turn.granted?.resume(returning: nil)
      turn.granted = nil
    }
  }

  /// The BMC is free: the next one's turn.
  private func passOn(_ owner: BMCOwner) {
    if let next = owner.waiting.popFirst() {
      waiting.append(next)
    } else {
      owner.isTaken = false
    }
  }

  private func refuse(_ turn: BMCTurn, _ failure: BMCFailure) {
    turn.state = .ended
    turn.granted?.resume(returning: failure)
    turn.granted = nil
  }

  // MARK: The end

  /// What is left to do before everything is closed.
  private struct Closing {
    var left: [BMCOwner]
    var underWay = 0
    /// Some end at once, within the loop that begins them.
    var isBusy = false
    var done: EventLoopPromise<Void>
  }

  /// Ends whatever runs or waits, then every session: as many at a time as may be asked at a time.
  func close() -> EventLoopFuture<Void> {
    if let closing { return closing.done.futureResult }
    let done = loop.makePromise(of: Void.self)
    for turn in waiting { refuse(turn, .closing) }
    for owner in owners.values {
      for turn in owner.waiting { refuse(turn, .closing) }
    }
    closing = Closing(left: Array(owners.values), done: done)
    for owner in owners.values { owner.endSteps(.closing) }
    loop.assumeIsolated().scheduleTask(in: TimeAmount(configuration.closeTimeout)) { done.succeed() }
    closeNext()
    let consolesEnded = consoles.values.map { console in
      console.close("Siderite is shutting down")
      return console.ended
    }
    return done.futureResult.and(EventLoopFuture.andAllComplete(consolesEnded, on: loop)).map { _ in }
  }

  /// A BMC that was closed for good has no session any more.
  func ownerClosed() {
    closing?.underWay -= 1
    closeNext()
  }

  private func closeNext() {
    guard closing?.isBusy == false else { return }
    closing?.isBusy = true
    while let current = closing, current.underWay < configuration.concurrency, let owner = closing?.left.popLast() {
      guard owner.hasSession else { continue }
      closing?.underWay += 1
      owner.closeForGood()
    }
    closing?.isBusy = false
    if let current = closing, current.left.isEmpty, current.underWay == 0 { current.done.succeed() }
  }

  var isClosing: Bool { closing != nil }
}

extension BMCFailure {
  static let closing = BMCFailure(.cancelled, "Siderite is shutting down; ask again when it runs")
}
