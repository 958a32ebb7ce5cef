import Logging
import NIOCore
import NIOPosix
import TFTP

/// One client's request and the transfer that comes of it, on the listener's event loop.
final class TFTPSession {
  private enum State {
    case waiting
    case opening
    case open(any Channel)
    case ended
  }

  /// IP_MTU and IPV6_MTU: the MTU of a connected socket's path.
  private static let pathMTU = NIOBSDSocket.Option(rawValue: 14)
  private static let pathMTU6 = NIOBSDSocket.Option(rawValue: 24)

  /// IPv4 or IPv6 header, UDP header and TFTP header.
  private static let headerSize = 20 + 8 + 4
  private static let headerSize6 = 40 + 8 + 4

  /// Progress is reported in tenths of the file, but not more often than each MiB.
  private static let smallestProgress = 1 << 20

  /// How often a transfer's socket is opened again after an error closed it.
  private static let maximumReopenings = 3

  /// The most packets the kernel cuts from one buffer (UDP_MAX_SEGMENTS), and the most bytes in it.
  private static let maximumSegments = 64
  private static let maximumSegmentedBytes = 65000

  let client: SocketAddress
  let requestedAt: ContinuousClock.Instant

  private let request: TFTPRequest
  private let isWrite: Bool
  private let listener: TFTPListener
  private var local: SocketAddress
  private var state = State.waiting
  private var reopenings = 0
  private var content: TFTPContent?
  private var transfer: TFTPTransfer?

  /// In netascii: where the window begins in the converted text.
  private var text = (position: Netascii(), block: 1)

  private var timer: (task: Scheduled<Void>, deadline: ContinuousClock.Instant)?
  private var nextProgress = 0

  init(
    _ request: TFTPRequest, isWrite: Bool, from client: SocketAddress, to local: SocketAddress, listener: TFTPListener
  ) {
    self.client = client
    self.requestedAt = ContinuousClock.now
    self.request = request
    self.isWrite = isWrite
    self.local = local
    self.local.port = 0
    self.listener = listener
  }

  var isEnded: Bool {
    if case .ended = state { true } else { false }
  }

  var environment: TFTPListener.Environment { listener.environment }

  // MARK: What the listener tells

  /// The client sent a request again: whether it was the same and has been seen to.
  func repeated(_ request: TFTPRequest, isWrite: Bool) -> Bool {
    guard request == self.request, isWrite == self.isWrite else { return false }
    guard transfer != nil else { return true }
    guard let action = transfer?.requestRepeated(at: ContinuousClock.now) else { return false }
    perform(action)
    return true
  }

  /// Opens the socket and answers.
  func open() {
    state = .opening
    switch environment.configuration.portMode {
    case .single:
      guard let channel = listener.channel else { return forget() }
      opened(channel)
    case .perTransfer: openSocket()
    }
  }

  /// The client has begun anew from the same port.
  func supersede() {
    guard !isEnded else { return }
    if let transfer { report(.failed(.superseded, bytes: transfer.acknowledgedBytes)) }
    close()
  }

  /// Ends the session without a word: nobody waits for the answer any more, or none can be given.
  func forget() { close() }

  func shutDown() {
    guard transfer != nil else { return close() }
    perform(transfer?.shutDown() ?? .wait)
  }

  // MARK: What the socket tells

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

  /// The client's host says that nobody listens on its port.
  func refused() { perform(transfer?.becameUnreachable() ?? .wait) }

  /// An error closed the socket. The next transmission may work; the port must stay the same.
  func socketClosed() {
    guard case .open = state else { return }
    guard reopenings < Self.maximumReopenings else { return refused() }
    reopenings += 1
    state = .opening
    openSocket()
  }

  // MARK: The socket

  private func openSocket() {
    let session = NIOLoopBound(self, eventLoop: listener.eventLoop)
    let client = client
    DatagramBootstrap(group: listener.eventLoop)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: TFTPSessionHandler.readSize))
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(TFTPSessionHandler(session.value))
        }
      }
      .bind(to: local)
      .flatMap { channel in channel.connect(to: client).map { channel } }
      .assumeIsolated()
      .whenComplete { result in
        switch result {
        case .success(let channel): self.opened(channel)
        case .failure(let error): self.openingFailed(error)
        }
      }
  }

  private func openingFailed(_ error: any Error) {
    environment.counters.add(to: \.socketFailures)
    environment.logger.warning(
      "no socket for a TFTP transfer", metadata: ["client": "\(client)", "error": "\(error)"])
    transfer == nil ? close() : refused()
  }

  private func opened(_ channel: any Channel) {
    guard case .opening = state else { return channel.close(promise: nil) }
    state = .open(channel)
    if transfer != nil { return }
    if let port = channel.localAddress?.port { local.port = port }
    do {
      try begin(on: channel)
    } catch {
      environment.counters.add(to: \.refused)
      report(.refused(error.code, message: error.message))
      send(error.packet, on: channel)
      close()
    }
  }

  private func begin(on channel: any Channel) throws(TFTPRefusal) {
    let content = try environment.contents.content(of: request, isWrite: isWrite)
    let size = request.mode == .netascii ? Netascii.count(of: content.buffer.readableBytesUInt8Span) : content.size
    let limits = limits(on: channel)
    let parameters = try TFTPParameters(answering: request, size: size, limits: limits)
    let now = ContinuousClock.now
    var transfer = TFTPTransfer(size: size, parameters: parameters, limits: limits, now: now)
    let action = transfer.start(at: now)
    self.content = content
    self.transfer = transfer
    nextProgress = progressStep
    environment.counters.add(to: \.started)
    report(.started(size: size))
    perform(action)
  }

  private func limits(on channel: any Channel) -> TFTPLimits {
    var limits = environment.configuration.limits
    guard environment.configuration.portMode == .perTransfer else { return limits }
    let isIPv6 = client.protocol == .inet6
    let option: ChannelOptions.Types.SocketOption =
      isIPv6 ? .init(level: .ipv6, name: Self.pathMTU6) : .init(level: .ip, name: Self.pathMTU)
    if let mtu = try? channel.syncOptions?.getOption(option) {
      limits.blockSize = min(limits.blockSize, Int(mtu) - (isIPv6 ? Self.headerSize6 : Self.headerSize))
    }
    return limits
  }

  // MARK: What the transfer wants done

  private func perform(_ action: TFTPTransfer.Action) {
    guard let transfer, !isEnded else { return }
    switch action {
    case .wait: break
    case .acknowledgeOptions: send(.optionAcknowledgement(transfer.parameters.acknowledged))
    case .send(let blocks): send(blocks, of: transfer)
    case .finish:
      environment.counters.add(to: \.finished)
      return end(.finished(bytes: transfer.size, in: ContinuousClock.now - requestedAt))
    case .fail(.declined):
      environment.counters.add(to: \.declined)
      return end(.declined(size: transfer.size))
    case .fail(let failure):
      if let farewell = failure.farewell { send(farewell) }
      environment.counters.add(to: \.failed)
      return end(.failed(failure, bytes: transfer.acknowledgedBytes))
    }
    reportProgress(of: transfer)
    arm(for: transfer.deadline)
  }

  private func end(_ kind: TFTPEvent.Kind) {
    report(kind)
    close()
  }

  private func close() {
    guard !isEnded else { return }
    let previous = state
    state = .ended
    timer?.task.cancel()
    timer = nil
    if let transfer {
      environment.counters.add(transfer.acknowledgedBytes, to: \.bytes)
      environment.counters.add(transfer.resentBlocks, to: \.resentBlocks)
      environment.counters.add(transfer.impossibleAcknowledgements, to: \.unexpected)
    }
    if case .open(let channel) = previous, environment.configuration.portMode == .perTransfer {
      channel.close(promise: nil)
    }
    listener.ended(self)
  }

  /// One timer at a time, moved only when it would be too late: an ACK costs no rescheduling.
  private func arm(for deadline: ContinuousClock.Instant) {
    if let timer {
      guard deadline < timer.deadline else { return }
      timer.task.cancel()
    }
    let delay = TimeAmount(deadline - ContinuousClock.now)
    let task = listener.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.timerFired() }
    timer = (task, deadline)
  }

  private func timerFired() {
    timer = nil
    guard let deadline = transfer?.deadline, !isEnded else { return }
    let now = ContinuousClock.now
    guard now >= deadline else { return arm(for: deadline) }
    perform(transfer?.timeout(at: now) ?? .wait)
  }

  private var progressStep: Int { max(Self.smallestProgress, (transfer?.size ?? 0) / 10) }

  private func reportProgress(of transfer: TFTPTransfer) {
    guard transfer.acknowledgedBytes >= nextProgress else { return }
    nextProgress = transfer.acknowledgedBytes + progressStep
    report(.progressed(bytes: transfer.acknowledgedBytes, of: transfer.size))
  }

  private func report(_ kind: TFTPEvent.Kind) {
    environment.report(TFTPEvent(client: client, name: request.name, kind: kind))
  }

  // MARK: Sending

  private func send(_ packet: TFTPPacket) {
    if case .open(let channel) = state { send(packet, on: channel) }
  }

  private func send(_ packet: TFTPPacket, on channel: any Channel) {
    let envelope = AddressedEnvelope(remoteAddress: client, data: ByteBuffer(bytes: packet.bytes))
    channel.pipeline.syncOperations.writeAndFlush(NIOAny(envelope), promise: nil)
  }

  /// Puts a window together and sends it: cut into packets by the kernel if it can, else packet by packet, either way in
  /// one system call as far as the window fits one.
  private func send(_ blocks: Range<Int>, of transfer: TFTPTransfer) {
    // What a full socket buffer holds back will go out; more of the same would not help.
    guard case .open(let channel) = state, channel.isWritable || environment.configuration.portMode == .single else {
      return
    }
    let packetSize = transfer.parameters.blockSize + TFTPPacket.dataHeaderSize
    listener.packets.clear(minimumCapacity: blocks.count * packetSize)
    if request.mode == .netascii { skipText(to: blocks.lowerBound, of: transfer) }
    var text = text.position
    for block in blocks {
      listener.packets.writeMultipleIntegers(TFTPOperation.data.rawValue, TFTPTransfer.blockNumber(of: block))
      let range = transfer.bytes(of: block)
      if request.mode == .netascii {
        for _ in range {
          listener.packets.writeInteger(content.flatMap { text.next(of: $0.buffer.readableBytesUInt8Span) } ?? 0)
        }
      } else {
        content?.append(range, to: &listener.packets)
      }
    }
    let end = listener.packets.writerIndex
    let isSegmented = listener.segmentation != .refused && blocks.count > 1
    let step =
      isSegmented ? min(Self.maximumSegments, Self.maximumSegmentedBytes / packetSize) * packetSize : packetSize
    for start in stride(from: 0, to: end, by: max(step, packetSize)) {
      let count = min(max(step, packetSize), end - start)
      guard let data = listener.packets.getSlice(at: start, length: count) else { break }
      var envelope = AddressedEnvelope(remoteAddress: client, data: data)
      if isSegmented, count > packetSize {
        envelope.metadata = .init(ecnState: .transportNotCapable, packetInfo: nil, segmentSize: packetSize)
      }
      channel.pipeline.syncOperations.write(NIOAny(envelope), promise: proof(on: channel, isSegmented: isSegmented))
    }
    channel.pipeline.syncOperations.flush()
  }

  /// Moves the beginning of the text window forward.
  private func skipText(to block: Int, of transfer: TFTPTransfer) {
    guard let content, block > text.block else { return }
    for _ in transfer.bytes(of: text.block).lowerBound..<transfer.bytes(of: block).lowerBound {
      _ = text.position.next(of: content.buffer.readableBytesUInt8Span)
    }
    text.block = block
  }

  /// The promise that tells whether segmentation works, until that is known.
  private func proof(on channel: any Channel, isSegmented: Bool) -> EventLoopPromise<Void>? {
    guard isSegmented, listener.segmentation == .unproven else { return nil }
    let promise = channel.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { result in
      switch result {
      case .success: if self.listener.segmentation == .unproven { self.listener.segmentation = .works }
      case .failure(let error):
        guard self.listener.segmentation == .unproven, !self.isEnded else { return }
        self.listener.segmentation = .refused
        self.environment.logger.notice(
          "the kernel does not cut TFTP windows into packets here", metadata: ["error": "\(error)"])
      }
    }
    return promise
  }
}
