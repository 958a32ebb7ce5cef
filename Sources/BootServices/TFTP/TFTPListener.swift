import LinuxSystem
import Logging
import TFTP

/// A listening socket and the transfers that come of its requests, on a thread of their own.
///
/// The thread waits for all sockets at once and gives each that has something one turn: a datagram, and the window that
/// answers it. So no transfer can hold up the others, however fast its client is. Requests are queued first and begun a
/// few at a time, with reading in between: when a whole row of racks is powered on, what is in the socket's buffer must
/// be taken out before the kernel drops the rest.
final class TFTPListener {
  /// What all listeners of a service share.
  struct Environment: Sendable {
    let configuration: TFTPConfiguration
    let contents: any TFTPContents
    let counters: TFTPCounters
    let logger: Logger
    let report: @Sendable (TFTPEvent) -> Void
  }

  /// A request is at most 512 bytes long (RFC 2347); what a datagram holds beyond this is cut.
  private static let readSize = 1024

  /// Requests read before transfers have their turn.
  private static let readBatch = 64

  /// Requests begun before the sockets are read again.
  private static let beginBatch = 32

  /// Bytes the kernel may keep of requests not read yet: several thousand of them.
  private static let receiveBufferSize = 4 << 20

  /// The numbers that the poll tells; a session's is its place, and so many more.
  private static let requestsNumber = 0
  private static let shutdownNumber = 1
  private static let timerNumber = 2
  private static let firstSessionNumber = 3

  let environment: Environment

  /// Whether transfers may try to have their windows cut by the kernel. Not in single-port mode: a refusal would cost
  /// everybody a system call for each window.
  let usesSegmentation: Bool

  /// The socket that transfers use in single-port mode.
  let socket: UDPSocket

  /// Where sessions convert text: one for all, as each window is sent at once.
  var text: [UInt8] = []

  private let shutdown: TFTPShutdown
  private let poll: EventPoll
  private let timer: TimerDescriptor

  /// When the timer was set for.
  private var timerDeadline: ContinuousClock.Instant?

  private let local: SocketEndpoint
  private var admission: TFTPAdmission<SocketEndpoint, TFTPSession>
  private var deadlines = DeadlineQueue()
  private var sessions: [TFTPSession?] = []
  private var freePlaces: [Int] = []
  private var isDraining = false
  private var lastEnd: ContinuousClock.Instant?
  private var hasToldOfSegmentation = false

  init(_ environment: Environment, on socket: UDPSocket, until shutdown: TFTPShutdown) throws(SystemError) {
    self.environment = environment
    self.socket = socket
    self.shutdown = shutdown
    let configuration = environment.configuration
    guard let local = socket.local else { throw SystemError(operation: "getsockname", code: 0) }
    self.local = local
    admission = TFTPAdmission(limits: configuration.admissionLimits)
    usesSegmentation =
      configuration.usesSegmentation && configuration.portMode == .perTransfer && socket.canSegment
    poll = try EventPoll()
    timer = try TimerDescriptor()
    socket.reserve(receiveBuffer: Self.receiveBufferSize)
    if local.isWildcard { try socket.reportDestinations() }
    try poll.add(socket.rawValue, number: Self.requestsNumber)
    try poll.add(shutdown.descriptor, number: Self.shutdownNumber)
    try poll.add(timer.rawValue, number: Self.timerNumber)
  }

  /// Answers until the shutdown is over.
  func serve() throws(SystemError) {
    var numbers = [UInt64](repeating: 0, count: EventPoll.mostEvents)
    var buffer = [UInt8](repeating: 0, count: Self.readSize)
    while !(isDraining && admission.count == 0) {
      let canBegin = admission.waitingCount > 0 && admission.openCount < admission.limits.transfers
      let count = try poll.wait(milliseconds: canBegin ? 0 : nil, into: &numbers)
      for index in 0..<count {
        let number = Int(truncatingIfNeeded: numbers[index])
        switch number {
        case Self.requestsNumber: readRequests(&buffer)
        case Self.shutdownNumber: beginShutdown()
        case Self.timerNumber: passTime()
        default: session(at: number - Self.firstSessionNumber)?.readable(&buffer)
        }
      }
      beginWaiting()
    }
  }

  // MARK: What sessions ask for

  /// Watches a transfer's own socket.
  func watch(_ socket: UDPSocket, of session: TFTPSession) throws(SystemError) {
    try poll.add(socket.rawValue, number: session.place + Self.firstSessionNumber)
  }

  /// A session is to be told at its deadline. One at a time, moved only when it would be too late: an ACK costs no sorting.
  func arm(_ session: TFTPSession, for deadline: ContinuousClock.Instant) {
    deadlines.set(session.place, to: deadline)
    setTimer(deadline)
  }

  /// A session is over.
  func ended(_ session: TFTPSession) {
    admission.end(session.client)
    guard session.place >= 0 else { return }
    deadlines.remove(session.place)
    sessions[session.place] = nil
    freePlaces.append(session.place)
  }

  /// The way to a client does not take windows that the kernel cuts.
  func segmentationRefused(for client: SocketEndpoint, _ error: SystemError) {
    environment.counters.add(to: \.segmentationRefusals)
    guard !hasToldOfSegmentation else { return }
    hasToldOfSegmentation = true
    environment.logger.notice(
      "the kernel does not cut TFTP windows into packets here",
      metadata: ["client": "\(client.socketAddress, default: "?")", "error": "\(error)"])
  }

  // MARK: Time

  /// Sets the timer, unless it is set for an earlier time: then it is set again when that has come.
  private func setTimer(_ deadline: ContinuousClock.Instant) {
    if let timerDeadline, timerDeadline <= deadline { return }
    timerDeadline = deadline
    timer.set(in: deadline - .now)
  }

  private func passTime() {
    timer.take()
    timerDeadline = nil
    let now = ContinuousClock.now
    while let place = deadlines.next(at: now) { session(at: place)?.timePassed(at: now) }
    if let lastEnd, lastEnd <= now { endAll() }
    if let first = deadlines.first { setTimer(first) }
    if let lastEnd { setTimer(lastEnd) }
  }

  private func session(at place: Int) -> TFTPSession? { place < sessions.count ? sessions[place] : nil }

  // MARK: Requests

  private func readRequests(_ buffer: inout [UInt8]) {
    for _ in 0..<Self.readBatch {
      do {
        guard let datagram = try socket.receive(into: &buffer) else { return }
        take(datagram, in: buffer)
      } catch {
        // An error that concerns one packet, such as a host that refuses an answer in single-port mode.
        environment.logger.debug("TFTP socket error", metadata: ["error": "\(error)"])
      }
    }
  }

  private func take(_ datagram: UDPSocket.Received, in buffer: [UInt8]) {
    let counters = environment.counters
    let client = datagram.source
    guard client.port != 0 else { return counters.add(to: \.malformed) }
    let packet: TFTPPacket
    do {
      packet = try TFTPPacket(parsing: buffer.span.extracting(0..<datagram.count))
    } catch {
      return counters.add(to: \.malformed)
    }
    switch packet {
    case .readRequest(let request): take(request, isWrite: false, from: client, to: datagram.destination)
    case .writeRequest(let request): take(request, isWrite: true, from: client, to: datagram.destination)
    case .acknowledgement, .error:
      guard environment.configuration.portMode == .single, let session = admission.session(of: client) else {
        return counters.add(to: \.unexpected)
      }
      session.received(packet)
    case .data, .optionAcknowledgement: counters.add(to: \.unexpected)
    }
  }

  private func take(
    _ request: TFTPRequest, isWrite: Bool, from client: SocketEndpoint, to destination: SocketEndpoint?
  ) {
    let counters = environment.counters
    guard !isDraining else { return counters.add(to: \.droppedShutdown) }
    if let destination, destination.isMulticast || destination.isLimitedBroadcast {
      return counters.add(to: \.broadcast)
    }
    if let session = admission.session(of: client) {
      if session.repeated(request, isWrite: isWrite) { return }
      session.supersede()
    }
    switch admission.refusal(for: client.host) {
    case .tooManyOfHost: return counters.add(to: \.droppedPerClient)
    case .queueFull: return counters.add(to: \.droppedQueueFull)
    case nil: break
    }
    let session = TFTPSession(
      request, isWrite: isWrite, from: client, to: (destination ?? local).host, listener: self)
    _ = admission.admit(session, from: client, of: client.host, at: session.requestedAt)
  }

  private func beginWaiting() {
    guard admission.waitingCount > 0 else { return }
    let now = ContinuousClock.now
    var batch = Self.beginBatch
    while batch > 0, let turn = admission.next(at: now) {
      switch turn {
      case .begin(let session):
        batch -= 1
        let place = freePlaces.popLast() ?? sessions.count
        if place == sessions.count { sessions.append(session) } else { sessions[place] = session }
        session.open(at: place)
      case .tooLate(let session):
        environment.counters.add(to: \.droppedTooLate)
        session.forget()
      }
    }
  }

  // MARK: The end

  private func beginShutdown() {
    switch shutdown.take() {
    case .none: break
    case .graceful:
      isDraining = true
      let end = ContinuousClock.now + environment.configuration.shutdownGrace
      lastEnd = end
      setTimer(end)
    case .immediate: endAll()
    }
  }

  private func endAll() {
    isDraining = true
    lastEnd = nil
    for session in admission.sessions { session.shutDown() }
  }
}
