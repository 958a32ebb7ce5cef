import BMC
import IPMI
import NIOCore
import NIOPosix
import Synchronization

/// A BMC on a UDP port of its own, for the time of a test: ``BMCResponder`` behind a network that loses, doubles and
/// overtakes by a seed.
final class TestBMC: Sendable {
  struct Faults: Sendable {
    /// Of each direction.
    var loss = 0.0
    var duplication = 0.0
    /// Each datagram takes up to this long, both ways, so they overtake each other.
    var delay: Duration = .zero
    /// What the BMC sends, after this; `nil`: nothing.
    var tamper: @Sendable ([UInt8]) -> [UInt8]? = { $0 }
  }

  struct State {
    var responder: BMCResponder
    var random: SeededGenerator
    var faults = Faults()
    var isDead = false
    var received = 0
    var sent = 0
    /// Called with every datagram that came, before it is answered.
    var watch: (@Sendable ([UInt8]) -> Void)?
    /// Whoever asked last.
    var peerPort: UInt16 = 0
  }

  private let state: Mutex<State>
  private let channel: any Channel
  let port: UInt16

  private init(_ channel: any Channel, _ state: consuming State) {
    self.channel = channel
    port = UInt16(channel.localAddress?.port ?? 0)
    self.state = Mutex(state)
  }

  /// - Parameter port: 0 for any that is free.
  static func start(
    _ configuration: BMCResponder.Configuration = .test(), faults: Faults = Faults(), seed: UInt64 = 1
  ) async throws -> TestBMC {
    let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    var state = State(
      responder: BMCResponder(configuration, crypto: OpenSSLCrypto()), random: SeededGenerator(seed: seed))
    state.faults = faults
    let bmc = TestBMC(channel, state)
    try await channel.pipeline.addHandler(Handler(bmc)).get()
    return bmc
  }

  func stop() async { try? await channel.close() }

  func read<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

  var received: Int { read { $0.received } }
  var sent: Int { read { $0.sent } }
  var openSessions: Int { read { $0.responder.openSessions } }
  var machine: SimulatedMachine { read { $0.responder.machine } }

  /// It restarts: every session is gone, the machine goes on.
  func restart() {
    read { state in
      let machine = state.responder.machine
      state.responder = BMCResponder(state.responder.configuration, crypto: OpenSSLCrypto())
      state.responder.machine = machine
    }
  }

  /// Sends something to an address that asked nothing.
  func send(_ bytes: [UInt8], to port: UInt16) async throws {
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: Int(port))
    try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: bytes)))
  }

  /// When each copy of a datagram arrives: none, one or two.
  private func arrivals() -> [Duration] {
    state.withLock { state in
      state.received += 1
      return Self.copies(&state)
    }
  }

  private static func copies(_ state: inout State) -> [Duration] {
    let count = chance(state.faults.duplication, &state.random) ? 2 : 1
    return (0..<count).compactMap { _ in
      guard !chance(state.faults.loss, &state.random) else { return nil }
      return state.faults.delay * Double.random(in: 0...1, using: &state.random)
    }
  }

  /// What to send back, and after how long each.
  private func answer(_ bytes: [UInt8], from port: UInt16) -> [(Duration, [UInt8])] {
    state.withLock { state in
      state.peerPort = port
      state.watch?(bytes)
      guard !state.isDead,
        let reply = state.responder.receive(bytes.span, from: UInt64(port), at: .now, random: &state.random),
        let answer = state.faults.tamper(reply)
      else { return [] }
      let copies = Self.copies(&state)
      state.sent += copies.count
      return copies.map { ($0, answer) }
    }
  }

  /// What it says unasked, to whom, and when there will be more.
  private func poll() -> (said: [(port: UInt16, bytes: [UInt8])], next: ContinuousClock.Instant?) {
    state.withLock { state in
      guard !state.isDead else { return ([], nil) }
      let said = state.responder.poll(at: .now, random: &state.random)
      return (said.map { (UInt16(truncatingIfNeeded: $0.peer), $0.datagram) }, state.responder.deadline)
    }
  }

  private static func chance(_ probability: Double, _ random: inout SeededGenerator) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &random) < probability
  }

  private final class Handler: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let bmc: TestBMC

    init(_ bmc: TestBMC) { self.bmc = bmc }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let envelope = unwrapInboundIn(data)
      let bytes = Array(envelope.data.readableBytesView)
      let address = envelope.remoteAddress
      let channel = context.channel
      for delay in bmc.arrivals() { later(delay, on: channel) { self.arrived(bytes, from: address, on: channel) } }
    }

    private func arrived(_ bytes: [UInt8], from address: SocketAddress, on channel: any Channel) {
      for (delay, answer) in bmc.answer(bytes, from: UInt16(address.port ?? 0)) {
        let datagram = AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: answer))
        later(delay, on: channel) { channel.writeAndFlush(datagram, promise: nil) }
      }
      speak(on: channel)
    }

    private func speak(on channel: any Channel) {
      let (said, next) = bmc.poll()
      for (port, bytes) in said {
        guard let address = try? SocketAddress(ipAddress: "127.0.0.1", port: Int(port)) else { continue }
        channel.writeAndFlush(
          AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: bytes)), promise: nil)
      }
      guard let next else { return }
      channel.eventLoop.scheduleTask(in: TimeAmount(max(.milliseconds(1), next - .now))) {
        if channel.isActive, !said.isEmpty || next <= .now { self.speak(on: channel) }
      }
    }

    private func later(_ delay: Duration, on channel: any Channel, _ body: @escaping @Sendable () -> Void) {
      guard delay > .zero else { return body() }
      channel.eventLoop.scheduleTask(in: TimeAmount(delay), body)
    }
  }
}

extension BMCResponder.Configuration {
  /// `admin` and `guest`.
  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = BMCResponder.Configuration(users: [
      BMCResponder.User(name: "admin", password: KeyMaterial(password: "secret")),
      BMCResponder.User(name: "guest", password: KeyMaterial(password: "guest"), privilege: .user),
    ])
    change(&configuration)
    return configuration
  }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
