import LinuxSystem
import Logging
import NIOCore
import TFTP

/// One client's request and the transfer that comes of it, on the listener's thread.
final class TFTPSession {
  private enum State {
    case waiting
    /// `peer`: whom to name when sending; `nil` on a socket of its own, which is connected.
    case open(UDPSocket, peer: SocketEndpoint?)
    case ended
  }

  /// IPv4 or IPv6 header, UDP header and TFTP header.
  private static let headerSize = 20 + 8 + 4
  private static let headerSize6 = 40 + 8 + 4

  /// Progress is reported in tenths of the file, but not more often than each MiB.
  private static let smallestProgress = 1 << 20

  let client: SocketEndpoint
  let requestedAt: ContinuousClock.Instant

  /// By which the listener knows it; -1 while it waits for its turn.
  private(set) var place = -1

  private let request: TFTPRequest
  private let isWrite: Bool
  private unowned let listener: TFTPListener
  private let local: SocketEndpoint
  private var state = State.waiting
  private var content: TFTPContent?

  /// The content's, as long as it is kept.
  private var bytes = UnsafeBufferPointer<UInt8>(start: nil, count: 0)

  private var transfer: TFTPTransfer?
  private var layout = TFTPLayout(size: 0, blockSize: 1)

  /// Whether windows are cut by the kernel: until the first is refused. Each transfer finds out by itself, as the
  /// next client may be behind another device.
  private var isSegmented: Bool

  /// In netascii: where the window begins in the converted text.
  private var text = (position: Netascii(), block: 1)

  private var nextProgress = 0

  /// When the listener is to tell that time has passed.
  private var alarm: ContinuousClock.Instant?

  init(
    _ request: TFTPRequest, isWrite: Bool, from client: SocketEndpoint, to local: SocketEndpoint,
    listener: TFTPListener
  ) {
    self.client = client
    self.requestedAt = ContinuousClock.now
    self.request = request
    self.isWrite = isWrite
    self.local = local
    self.listener = listener
    self.isSegmented = listener.usesSegmentation
  }

  private var isEnded: Bool {
    if case .ended = state { true } else { false }
  }

  private var environment: TFTPListener.Environment { listener.environment }

  // MARK: What the listener tells

  /// The client sent a request again: whether it was the same and has been seen to.
  func repeated(_ request: TFTPRequest, isWrite: Bool) -> Bool {
    guard request == self.request, isWrite == self.isWrite else { return false }
    guard transfer != nil else { return true }
    guard let action = transfer?.requestRepeated(at: ContinuousClock.now) else { return false }
    perform(action)
    return true
  }

  /// Opens the socket and answers. From now on the listener knows it by `place`.
  func open(at place: Int) {
    self.place = place
    do {
      switch environment.configuration.portMode {
      case .single: state = .open(listener.socket, peer: client)
      case .perTransfer:
        let socket = try UDPSocket(boundTo: local)
        try socket.connect(to: client)
        try listener.watch(socket, of: self)
        state = .open(socket, peer: nil)
      }
    } catch {
      environment.counters.add(to: \.socketFailures)
      environment.logger.warning(
        "no socket for a TFTP transfer",
        metadata: ["client": "\(client.socketAddress, default: "?")", "error": "\(error)"])
      return close()
    }
    do {
      try begin()
    } catch {
      environment.counters.add(to: \.refused)
      report(.refused(error.code, message: error.message))
      send(error.packet)
      close()
    }
  }

  /// The client has begun anew from the same port.
  func supersede() {
    guard !isEnded else { return }
    if let transfer { report(.failed(.superseded, bytes: transfer.acknowledgedBytes)) }
    close()
  }

  /// Ends the session without a word: nobody waits for the answer any more.
  func forget() { close() }

  func shutDown() {
    guard transfer != nil else { return close() }
    perform(transfer?.shutDown() ?? .wait)
  }

  /// Its deadline has passed.
  func timePassed(at now: ContinuousClock.Instant) {
    alarm = nil
    // Too early after an ACK: then this sets the alarm again.
    perform(transfer?.timeout(at: now) ?? .wait)
  }

  /// Its own socket has something: takes one datagram, by way of `buffer`.
  func readable(_ buffer: inout [UInt8]) {
    guard case .open(let socket, peer: nil) = state else { return }
    let packet: TFTPPacket
    do {
      guard let count = try socket.receiveFromPeer(into: &buffer) else { return }
      packet = try TFTPPacket(parsing: buffer.span.extracting(0..<count))
    } catch let error as SystemError {
      // The client's host says that nobody listens on its port. Other errors are of the way, which may come back.
      if error.isRefusal { perform(transfer?.becameUnreachable() ?? .wait) }
      return
    } catch {
      return environment.counters.add(to: \.malformed)
    }
    received(packet)
  }

  /// A packet from the client.
  func received(_ packet: TFTPPacket) {
    guard transfer != nil else { return environment.counters.add(to: \.unexpected) }
    switch packet {
    case .acknowledgement(let block):
      perform(transfer?.acknowledged(block, at: ContinuousClock.now) ?? .wait)
    case .error(let code, let message):
      perform(transfer?.failed(code, message: message) ?? .wait)
    case .readRequest, .writeRequest, .data, .optionAcknowledgement: environment.counters.add(to: \.unexpected)
    }
  }

  // MARK: The transfer

  private func begin() throws(TFTPRefusal) {
    let content = try environment.contents.content(of: request, isWrite: isWrite)
    let size = request.mode == .netascii ? Netascii.count(of: content.bytes.span) : content.size
    let limits = limits()
    let parameters = try TFTPParameters(answering: request, size: size, limits: limits)
    let now = ContinuousClock.now
    var transfer = TFTPTransfer(size: size, parameters: parameters, limits: limits, now: now)
    let action = transfer.start(at: now)
    self.content = content
    bytes = content.bytes
    self.transfer = transfer
    layout = transfer.layout
    nextProgress = progressStep
    environment.counters.add(to: \.started)
    report(.started(size: size))
    perform(action)
  }

  /// Blocks are never larger than what fits the MTU of the interface, or of the path as far as it is known.
  private func limits() -> TFTPLimits {
    var limits = environment.configuration.limits
    if case .open(let socket, peer: nil) = state, let mtu = socket.pathMTU {
      let headers = client.family == .ipv6 ? Self.headerSize6 : Self.headerSize
      limits.blockSize = min(limits.blockSize, mtu - headers)
    }
    return limits
  }

  private func perform(_ action: TFTPTransfer.Action) {
    guard !isEnded, let deadline = transfer?.deadline, let acknowledged = transfer?.acknowledgedBytes else { return }
    switch action {
    case .wait: break
    case .acknowledgeOptions: send(.optionAcknowledgement(transfer?.parameters.acknowledged ?? []))
    case .send(let blocks): send(blocks)
    case .finish:
      environment.counters.add(to: \.finished)
      return end(.finished(bytes: layout.size, in: ContinuousClock.now - requestedAt))
    case .fail(.declined):
      environment.counters.add(to: \.declined)
      return end(.declined(size: layout.size))
    case .fail(let failure):
      if let farewell = failure.farewell { send(farewell) }
      environment.counters.add(to: \.failed)
      return end(.failed(failure, bytes: acknowledged))
    }
    if acknowledged >= nextProgress { reportProgress(acknowledged) }
    if let alarm, alarm <= deadline { return }
    alarm = deadline
    listener.arm(self, for: deadline)
  }

  private func end(_ kind: TFTPEvent.Kind) {
    report(kind)
    close()
  }

  private func close() {
    guard !isEnded else { return }
    // The last reference to a socket of its own: it is closed here.
    state = .ended
    if let transfer {
      environment.counters.add(transfer.acknowledgedBytes, to: \.bytes)
      environment.counters.add(transfer.resentBlocks, to: \.resentBlocks)
      environment.counters.add(transfer.impossibleAcknowledgements, to: \.unexpected)
    }
    listener.ended(self)
  }

  private var progressStep: Int { max(Self.smallestProgress, layout.size / 10) }

  private func reportProgress(_ acknowledged: Int) {
    nextProgress = acknowledged + progressStep
    report(.progressed(bytes: acknowledged, of: layout.size))
  }

  private func report(_ kind: TFTPEvent.Kind) {
    guard let address = client.socketAddress else { return }
    environment.report(TFTPEvent(client: address, name: request.name, kind: kind))
  }

  // MARK: Sending

  private func send(_ packet: TFTPPacket) {
    guard case .open(let socket, let peer) = state else { return }
    do {
      try socket.send(packet.bytes, to: peer)
    } catch {
      environment.counters.add(to: \.droppedSends)
    }
  }

  /// Sends a window in one system call as far as it fits one, from where the content lies. What the kernel does not take
  /// is lost, as it may be anywhere on the way: the transfer's timer sees to it.
  private func send(_ blocks: Range<Int>) {
    let isText = request.mode == .netascii
    if isText { convertText(of: blocks) }
    let start = layout.bytes(of: blocks).lowerBound
    var rest = blocks
    while !rest.isEmpty {
      let batch = rest.prefix(UDPSocket.mostPieces)
      let range = layout.bytes(of: batch)
      let sent =
        isText
        ? listener.text.withUnsafeBytes {
          send(batch, .init(rebasing: $0[(range.lowerBound - start)..<(range.upperBound - start)]))
        }
        : send(batch, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[range])))
      guard sent == batch.count else { return environment.counters.add(rest.count - sent, to: \.droppedSends) }
      rest = rest.dropFirst(sent)
    }
  }

  /// Sends blocks whose bytes are these: how many the kernel took.
  private func send(_ blocks: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Int {
    guard case .open(let socket, let peer) = state else { return 0 }
    var pieces = UDPSocket.Pieces(
      tag: TFTPOperation.data.rawValue, firstNumber: TFTPTransfer.blockNumber(of: blocks.lowerBound),
      count: blocks.count, size: layout.blockSize, content: bytes, areSegmented: isSegmented && blocks.count > 1)
    do {
      return try socket.send(pieces, to: peer)
    } catch {
      guard pieces.areSegmented, error.isSegmentationRefusal else { return 0 }
      isSegmented = false
      listener.segmentationRefused(for: client, error)
    }
    pieces.areSegmented = false
    return (try? socket.send(pieces, to: peer)) ?? 0
  }

  /// Converts what a window carries, and moves the beginning of the text forward to it.
  private func convertText(of blocks: Range<Int>) {
    let source = bytes.span
    if blocks.lowerBound > text.block {
      for _ in layout.bytes(of: text.block..<blocks.lowerBound) { _ = text.position.next(of: source) }
      text.block = blocks.lowerBound
    }
    listener.text.removeAll(keepingCapacity: true)
    var position = text.position
    for _ in layout.bytes(of: blocks) { listener.text.append(position.next(of: source) ?? 0) }
  }
}
