import BootServices
import NIOCore
import SimulationTesting
import TFTP
import Wire

/// TFTP on the boot host: what is decided is the code's own (who gets a transfer, what goes out when); sockets and timers
/// are the rack's.
struct SimulatedTFTP {
  /// What the rack does for it.
  enum Action {
    case send(TFTPDatagram)
    case timer(Int, at: Nanoseconds)
    /// A transfer is over; `failure` is `nil` when all was acknowledged, or the client's port was closed at the end.
    case ended(TFTPPeer, failure: TFTPFailure?, wasTold: Bool, isUnreachable: Bool)
  }

  private struct Session {
    var request: TFTPRequest
    var isWrite: Bool
    var client: TFTPPeer
    var port: UInt16
    var transfer: TFTPTransfer?
    var content: [UInt8] = []
    /// When its one timer fires; moved only when it would be too late.
    var timer: Nanoseconds?
  }

  let configuration: TFTPConfiguration
  private let catalog: TFTPCatalog
  private let contents: [String: [UInt8]]
  private let fault: RackScenario.Fault?

  private(set) var admission: TFTPAdmission<TFTPPeer, Int>
  private var sessions: [Int: Session] = [:]
  private var ports: [UInt16: Int] = [:]
  private var lastNumber = 0
  private var lastPort: UInt16 = 32_767

  init(contents: [String: [UInt8]], fault: RackScenario.Fault?) {
    configuration = TFTPConfiguration(addresses: [])
    self.contents = contents
    catalog = TFTPCatalog(contents.mapValues { TFTPContent(ByteBuffer(bytes: $0)) })
    self.fault = fault
    admission = TFTPAdmission(
      limits: .init(
        transfers: configuration.maximumTransfers, transfersPerHost: configuration.maximumTransfersPerClient,
        waiting: configuration.maximumWaiting))
  }

  /// Sessions kept; as many as the admission knows.
  var sessionCount: Int { sessions.count }

  mutating func receive(_ datagram: TFTPDatagram, _ now: Nanoseconds, into actions: inout [Action]) {
    guard let packet = try? TFTPPacket(parsing: datagram.bytes.span) else { return }
    guard datagram.hostPort != 69 else {
      switch packet {
      case .readRequest(let request): take(request, isWrite: false, from: datagram.client, now, into: &actions)
      case .writeRequest(let request): take(request, isWrite: true, from: datagram.client, now, into: &actions)
      case .acknowledgement, .error, .data, .optionAcknowledgement: break
      }
      return begin(now, into: &actions)
    }
    // A transfer's socket is connected to its client.
    guard let number = ports[datagram.hostPort], sessions[number]?.client == datagram.client else { return }
    switch packet {
    case .acknowledgement(let block):
      perform(
        sessions[number]?.transfer?.acknowledged(block, at: VirtualTime.instant(now)), number, now, into: &actions)
    case .error(let code, let message):
      perform(sessions[number]?.transfer?.failed(code, message: message), number, now, into: &actions)
    case .readRequest, .writeRequest, .data, .optionAcknowledgement: break
    }
    begin(now, into: &actions)
  }

  /// The client's host says that its port is closed.
  mutating func unreachable(_ client: TFTPPeer, _ port: UInt16, _ now: Nanoseconds, into actions: inout [Action]) {
    guard let number = ports[port], sessions[number]?.client == client else { return }
    perform(sessions[number]?.transfer?.becameUnreachable(), number, now, isUnreachable: true, into: &actions)
  }

  mutating func timerFired(_ number: Int, _ now: Nanoseconds, into actions: inout [Action]) {
    guard sessions[number]?.timer != nil, let deadline = sessions[number]?.transfer?.deadline else { return }
    sessions[number]?.timer = nil
    guard now >= VirtualTime.nanoseconds(deadline) else { return arm(number, now, into: &actions) }
    perform(sessions[number]?.transfer?.timeout(at: VirtualTime.instant(now)), number, now, into: &actions)
    begin(now, into: &actions)
  }

  // MARK: Requests

  private mutating func take(
    _ request: TFTPRequest, isWrite: Bool, from client: TFTPPeer, _ now: Nanoseconds, into actions: inout [Action]
  ) {
    if let number = admission.session(of: client), let session = sessions[number] {
      if session.request == request, session.isWrite == isWrite {
        guard session.transfer != nil else { return }
        if let action = sessions[number]?.transfer?.requestRepeated(at: VirtualTime.instant(now)) {
          return perform(action, number, now, into: &actions)
        }
      }
      end(number, .superseded, wasTold: false, into: &actions)
    }
    guard admission.refusal(for: client.host) == nil else { return }
    lastNumber += 1
    sessions[lastNumber] = Session(request: request, isWrite: isWrite, client: client, port: freePort())
    sessions[lastNumber].map { ports[$0.port] = lastNumber }
    _ = admission.admit(lastNumber, from: client, of: client.host, at: VirtualTime.instant(now))
  }

  private mutating func freePort() -> UInt16 {
    repeat { lastPort = lastPort >= 60_999 ? 32_768 : lastPort + 1 } while ports[lastPort] != nil
    return lastPort
  }

  /// Begins what there is room for, as the listener does when its socket is read dry.
  private mutating func begin(_ now: Nanoseconds, into actions: inout [Action]) {
    while let turn = admission.next(at: VirtualTime.instant(now)) {
      switch turn {
      case .tooLate(let number): forget(number)
      case .begin(let number): open(number, now, into: &actions)
      }
    }
  }

  private mutating func open(_ number: Int, _ now: Nanoseconds, into actions: inout [Action]) {
    guard let session = sessions[number] else { return }
    do throws(TFTPRefusal) {
      let content = try catalog.content(of: session.request, isWrite: session.isWrite)
      let limits = configuration.limits
      let parameters = try TFTPParameters(answering: session.request, size: content.size, limits: limits)
      let instant = VirtualTime.instant(now)
      var transfer = TFTPTransfer(size: content.size, parameters: parameters, limits: limits, now: instant)
      let action = transfer.start(at: instant)
      sessions[number]?.content = contents[TFTPName.normalized(session.request.name)] ?? []
      sessions[number]?.transfer = transfer
      perform(action, number, now, into: &actions)
    } catch {
      actions.append(.send(TFTPDatagram(bytes: error.packet.bytes, client: session.client, hostPort: session.port)))
      forget(number)
    }
  }

  // MARK: What transfers want done

  private mutating func perform(
    _ action: TFTPTransfer.Action?, _ number: Int, _ now: Nanoseconds, isUnreachable: Bool = false,
    into actions: inout [Action]
  ) {
    guard let action, let session = sessions[number], let transfer = session.transfer else { return }
    func send(_ bytes: [UInt8]) {
      actions.append(.send(TFTPDatagram(bytes: bytes, client: session.client, hostPort: session.port)))
    }
    switch action {
    case .wait: break
    case .acknowledgeOptions: send(TFTPPacket.optionAcknowledgement(transfer.parameters.acknowledged).bytes)
    case .send(let blocks):
      for block in blocks {
        var bytes = TFTPPacket.data(block: TFTPTransfer.blockNumber(of: block), content: 0..<0).bytes
        bytes += session.content[transfer.bytes(of: block)]
        if fault == .wrongByte, block == transfer.lastBlock, bytes.count > 4 { bytes[4] ^= 1 }
        send(bytes)
      }
    case .finish: return end(number, nil, wasTold: true, isUnreachable: isUnreachable, into: &actions)
    case .fail(let failure):
      let farewell = fault == .silentFailure ? nil : failure.farewell
      if let farewell { send(farewell.bytes) }
      return end(number, failure, wasTold: farewell != nil, isUnreachable: isUnreachable, into: &actions)
    }
    arm(number, now, into: &actions)
  }

  private mutating func arm(_ number: Int, _ now: Nanoseconds, into actions: inout [Action]) {
    guard let session = sessions[number], let transfer = session.transfer, !transfer.isEnded else { return }
    let deadline = max(now, VirtualTime.nanoseconds(transfer.deadline))
    if let timer = session.timer, timer <= deadline { return }
    sessions[number]?.timer = deadline
    actions.append(.timer(number, at: deadline))
  }

  private mutating func end(
    _ number: Int, _ failure: TFTPFailure?, wasTold: Bool, isUnreachable: Bool = false, into actions: inout [Action]
  ) {
    guard let session = sessions[number] else { return }
    actions.append(.ended(session.client, failure: failure, wasTold: wasTold, isUnreachable: isUnreachable))
    forget(number)
  }

  private mutating func forget(_ number: Int) {
    guard let session = sessions[number] else { return }
    admission.end(session.client)
    guard fault != .keptTransfers else { return }
    sessions[number] = nil
    ports[session.port] = nil
  }
}
