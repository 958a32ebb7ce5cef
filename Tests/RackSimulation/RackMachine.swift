import DHCP
import SimulationTesting
import TFTP
import Wire

/// A machine of the rack, from its power button to the discovery agent, and on as long as that keeps its address.
///
/// ```
/// post ──▶ firmware's DHCP ─(port 4011)─▶ program (TFTP or HTTP) ──▶ iPXE's DHCP ──▶ script ──▶ agent's DHCP ──▶ up
///   ▲                    └──────────── iPXE in the ROM ─────────────────────────────▲ │
///   └────────────────────── whatever goes wrong: it starts over ◀───────────┘
/// ```
struct RackMachine {
  enum Stage: String {
    case off, post, firmwareDHCP, declined, bootServer, program, chainedDHCP, script, agentDHCP, up
  }

  /// What the rack does for it.
  enum Action {
    case broadcast(DHCPPacket)
    case unicast(DHCPPacket)
    /// To port 4011 of an address, from port 4011.
    case askBootServer(DHCPPacket, IPv4Address)
    case datagram(TFTPPacket, from: TFTPPeer, hostPort: UInt16)
    /// Ask by HTTP for what it boots now.
    case fetch(generation: Int)
    /// It uses this address from now on, until then at most.
    case use(IPv4Address, until: Nanoseconds)
    /// It does not any more.
    case leave
    /// The boot program is there.
    case loaded([UInt8], port: UInt16)
    case up
    /// It starts over; `isTold` when the boot host said so.
    case failed(String, since: Nanoseconds?, isTold: Bool)
  }

  let index: Int
  let mac: MACAddress
  let firmware: Firmware

  private(set) var stage = Stage.off
  private(set) var address: IPv4Address?
  /// When it was switched on, or started over of its own.
  private(set) var bootBegan: Nanoseconds = 0
  /// When somebody switched it on: what its patience counts from.
  private(set) var poweredOnAt: Nanoseconds = 0
  /// Counts what it waits for by HTTP, so that late answers are known.
  private(set) var generation = 0
  private(set) var starts = 0

  private var dhcp: FirmwareDHCP?
  private var question: BootServerQuestion?
  private var loader: ProgramLoader?
  private var agent: DHCPClient?
  private var random: SeededGenerator
  private var nextPort: UInt16
  private var httpTries = 0
  private var timer: Nanoseconds = 0

  init(index: Int, firmware: Firmware, random: SeededGenerator) {
    self.index = index
    mac = Self.mac(index)
    self.firmware = firmware
    self.random = random
    nextPort = UInt16(1024 + index % 1000)
  }

  static func mac(_ index: Int) -> MACAddress { MACAddress(rawValue: 0x5254_0000_0000 + UInt64(index)) }

  /// When ``timerFired(_:into:)`` is due.
  var deadline: Nanoseconds? {
    switch stage {
    case .off: nil
    case .post, .declined, .script: timer
    case .firmwareDHCP, .chainedDHCP: dhcp?.deadline
    case .bootServer: question?.deadline
    case .program: loader?.deadline ?? timer
    case .agentDHCP, .up: agent?.deadline.map(VirtualTime.nanoseconds)
    }
  }

  /// The local port that TFTP is spoken on.
  var loaderPort: UInt16? { loader?.port }

  mutating func powerOn(_ now: Nanoseconds, into actions: inout [Action]) {
    poweredOnAt = now
    restart(now, into: &actions)
  }

  private mutating func restart(_ now: Nanoseconds, into actions: inout [Action]) {
    stage = .post
    bootBegan = now
    starts += 1
    generation += 1
    dhcp = nil
    question = nil
    loader = nil
    agent = nil
    httpTries = 0
    leave(into: &actions)
    timer = now + 5 * second + Nanoseconds(random.below(10_000)) * millisecond
  }

  private mutating func leave(into actions: inout [Action]) {
    guard address != nil else { return }
    address = nil
    actions.append(.leave)
  }

  private mutating func fail(
    _ why: String, since: Nanoseconds? = nil, isTold: Bool = false, _ now: Nanoseconds, into actions: inout [Action]
  ) {
    actions.append(.failed(why, since: since, isTold: isTold))
    restart(now, into: &actions)
  }

  // MARK: Time

  mutating func timerFired(_ now: Nanoseconds, into actions: inout [Action]) {
    guard let deadline, now >= deadline else { return }
    switch stage {
    case .off: break
    case .post: ask(.firmware, now, into: &actions)
    case .declined: ask(dhcp?.habits == firmware.habits(.chained) ? .chained : .firmware, now, into: &actions)
    case .firmwareDHCP, .chainedDHCP: perform(dhcp?.timedOut(now), now, into: &actions)
    case .bootServer: askBootServer(now, into: &actions)
    case .program where loader == nil: fetchAgain(now, into: &actions)
    case .program: perform(loader?.timedOut(now), now, into: &actions)
    case .script: fetchAgain(now, into: &actions)
    case .agentDHCP, .up:
      perform(agent?.timerFired(now: VirtualTime.instant(now), using: &random) ?? [], now, into: &actions)
    }
  }

  private mutating func ask(_ speaker: Firmware.Speaker, _ now: Nanoseconds, into actions: inout [Action]) {
    stage = speaker == .firmware ? .firmwareDHCP : .chainedDHCP
    loader = nil
    var dhcp = FirmwareDHCP(
      firmware.discover(speaker, mac: mac), habits: firmware.habits(speaker), transaction: random.next(), now: now)
    actions.append(.broadcast(dhcp.start(now)))
    self.dhcp = dhcp
  }

  private mutating func fetch(_ stage: Stage, _ now: Nanoseconds, into actions: inout [Action]) {
    self.stage = stage
    generation += 1
    httpTries += 1
    timer = now + 5 * second
    actions.append(.fetch(generation: generation))
  }

  private mutating func fetchAgain(_ now: Nanoseconds, into actions: inout [Action]) {
    guard httpTries < 4 else { return fail("no answer by HTTP", now, into: &actions) }
    fetch(stage, now, into: &actions)
  }

  // MARK: DHCP

  /// - Parameter isTaken: whether somebody answers an ARP request for an address.
  mutating func receive(
    _ packet: DHCPPacket, _ now: Nanoseconds, isTaken: (IPv4Address) -> Bool, into actions: inout [Action]
  ) {
    switch stage {
    case .firmwareDHCP, .chainedDHCP:
      let step = dhcp?.receive(packet, now)
      if case .bound(let packet, _, _) = step, isTaken(packet.yourAddress) {
        return decline(packet, now, into: &actions)
      }
      perform(step, now, into: &actions)
    case .agentDHCP, .up:
      perform(
        agent?.receive(packet, now: VirtualTime.instant(now), using: &random) ?? [], now, into: &actions)
    case .bootServer:
      guard question?.isAnswered(by: packet) ?? false else { return }
      question = nil
      boot(packet, now, into: &actions)
    case .off, .post, .declined, .program, .script: break
    }
  }

  private mutating func askBootServer(_ now: Nanoseconds, into actions: inout [Action]) {
    guard let asked = question?.ask(now), let server = question?.server else {
      return fail("no answer from port 4011", now, into: &actions)
    }
    actions.append(.askBootServer(asked, server))
  }

  /// RFC 2131 §4.4.1: DECLINE, and ten seconds of waiting before it begins anew.
  private mutating func decline(_ acknowledged: DHCPPacket, _ now: Nanoseconds, into actions: inout [Action]) {
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac), transactionID: TransactionID(rawValue: random.next()))
    packet.options.set(.messageType, MessageType.decline.rawValue)
    packet.options.set(.requestedAddress, acknowledged.yourAddress)
    if let server = acknowledged.serverIdentifier { packet.options.set(.serverIdentifier, server) }
    actions.append(.broadcast(packet))
    stage = .declined
    timer = now + 10 * second
  }

  /// The system goes down in good order: its address is given back (RFC 2131 §4.4.6).
  mutating func release(into actions: inout [Action]) {
    guard stage == .up, let address, let server = agent?.binding?.server else { return }
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac), transactionID: TransactionID(rawValue: random.next()))
    packet.clientAddress = address
    packet.options.set(.messageType, MessageType.release.rawValue)
    packet.options.set(.serverIdentifier, server)
    actions.append(.unicast(packet))
  }

  private mutating func perform(_ step: FirmwareDHCP.Step?, _ now: Nanoseconds, into actions: inout [Action]) {
    switch step {
    case .wait, nil: break
    case .send(let packet): actions.append(.broadcast(packet))
    case .gaveUp: fail("no address", now, into: &actions)
    case .bound(let packet, let requestedAt, let proxy):
      address = packet.yourAddress
      let lease = Nanoseconds(packet.options.uint32(.leaseTime) ?? 60) * second
      actions.append(.use(packet.yourAddress, until: requestedAt + lease))
      guard firmware == .uefiPXE, stage == .firmwareDHCP, let proxy, !proxy.options.contains(.vendorSpecific) else {
        return boot(proxy ?? packet, now, into: &actions)
      }
      // EDK2 asks port 4011 when it sees its class and no option 43.
      stage = .bootServer
      question = BootServerQuestion(
        firmware.discover(.firmware, mac: mac), transaction: random.next(), from: packet.yourAddress,
        to: proxy.nextServer)
      askBootServer(now, into: &actions)
    }
  }

  /// Goes on with what the ACK says, or the proxy's offer, or the boot server.
  private mutating func boot(_ packet: DHCPPacket, _ now: Nanoseconds, into actions: inout [Action]) {
    let name = packet.options.text(.bootFileName) ?? String(decoding: packet.bootFile, as: UTF8.self)
    let isURL = name.hasPrefix("http://")
    httpTries = 0
    if stage == .chainedDHCP || firmware == .biosIPXE {
      guard isURL else { return fail("no script: \(name)", now, into: &actions) }
      return fetch(.script, now, into: &actions)
    }
    if firmware == .uefiHTTP {
      guard isURL, packet.options.text(.vendorClass) == "HTTPClient" else {
        return fail("no URL: \(name)", now, into: &actions)
      }
      return fetch(.program, now, into: &actions)
    }
    // EDK2 would ask port 4011; a BIOS ROM would, too, or show a menu, if option 43 did not say "load it".
    let asksElsewhere =
      firmware == .uefiPXE && stage == .firmwareDHCP && packet.options.contains(.vendorClass)
      || firmware == .biosROM && packet.options[.vendorSpecific].map { Array($0.prefix(3)) } != [6, 1, 8]
    guard !name.isEmpty, !isURL, !packet.nextServer.isUnspecified, !asksElsewhere, let habits = firmware.loader(name)
    else { return fail("no boot program: \(name)", now, into: &actions) }
    stage = .program
    var loader = ProgramLoader(habits, port: port(), now: now)
    send(loader.begin(now), loader.port, to: 69, into: &actions)
    self.loader = loader
  }

  private mutating func perform(_ answers: [DHCPClient.Action], _ now: Nanoseconds, into actions: inout [Action]) {
    for answer in answers {
      switch answer {
      case .broadcast(let packet): actions.append(.broadcast(packet))
      case .unicast(let packet, _): actions.append(.unicast(packet))
      case .unbind: leave(into: &actions)
      case .bind(let binding):
        address = binding.address
        // When the client itself will let go of it.
        let until = agent?.expiry.map(VirtualTime.nanoseconds) ?? now
        actions.append(.use(binding.address, until: until))
        guard stage == .agentDHCP else { continue }
        stage = .up
        actions.append(.up)
      }
    }
  }

  // MARK: TFTP and HTTP

  mutating func receive(_ datagram: TFTPDatagram, _ now: Nanoseconds, into actions: inout [Action]) {
    guard stage == .program, loader?.port == datagram.client.port else { return }
    let step = loader?.receive(datagram.bytes, from: datagram.hostPort, now)
    perform(step, from: datagram.hostPort, now, into: &actions)
  }

  private mutating func perform(
    _ step: ProgramLoader.Step?, from host: UInt16? = nil, _ now: Nanoseconds, into actions: inout [Action]
  ) {
    guard let step, var loader else { return }
    let hostPort = host ?? loader.hostPort ?? 69
    switch step {
    case .wait: return
    case .send(let packet): send(packet, loader.port, to: hostPort, into: &actions)
    case .next(let packet):
      send(packet, loader.port, to: hostPort, into: &actions)
      loader.move(to: port(), now)
      send(loader.begin(now), loader.port, to: 69, into: &actions)
      self.loader = loader
    case .complete(let packet, let program):
      send(packet, loader.port, to: hostPort, into: &actions)
      actions.append(.loaded(program, port: loader.port))
      // iPXE takes the network over.
      leave(into: &actions)
      ask(.chained, now, into: &actions)
    case .refused(let refusal):
      fail("refused: \(refusal.message)", since: loader.began, isTold: true, now, into: &actions)
    case .gaveUp: fail("no answer by TFTP", since: loader.began, now, into: &actions)
    }
  }

  private func send(_ packet: TFTPPacket, _ port: UInt16, to host: UInt16, into actions: inout [Action]) {
    guard let address else { return }
    actions.append(.datagram(packet, from: TFTPPeer(address: address, port: port), hostPort: host))
  }

  private mutating func port() -> UInt16 {
    nextPort = nextPort >= 65_000 ? 1024 : nextPort + 1
    return nextPort
  }

  /// What it asked for by HTTP is there.
  mutating func answered(_ generation: Int, _ now: Nanoseconds, into actions: inout [Action]) {
    guard generation == self.generation else { return }
    httpTries = 0
    switch stage {
    case .program where loader == nil:
      leave(into: &actions)
      ask(.chained, now, into: &actions)
    case .script:
      stage = .agentDHCP
      dhcp = nil
      // The kernel takes the network over: until its own DHCP it has no address.
      leave(into: &actions)
      var agent = DHCPClient(DHCPClient.Configuration(mac: mac))
      let answers = agent.start(now: VirtualTime.instant(now), using: &random)
      self.agent = agent
      perform(answers, now, into: &actions)
    case .off, .post, .firmwareDHCP, .declined, .bootServer, .program, .chainedDHCP, .agentDHCP, .up: break
    }
  }
}
