import BareMetal
import BootServices
import DHCP
import Logging
import SimulationTesting
import TFTP
import Wire

/// A rack in virtual time: machines, a segment, and a boot host that is the real code as far as it decides anything.
public final class RackRun {
  /// The boot host's life between two power failures.
  private struct Life {
    var endpoint: DHCPEndpoint
    var tftp: SimulatedTFTP
    /// On their way to the disk.
    var committing: [DHCPEndpoint.Waiting] = []
  }

  static let hostAddress = IPv4Address(rawValue: 0x0a4d_0001)
  static let hostMAC = MACAddress(rawValue: 0x0200_0000_0001)
  static let firstOfPool: UInt32 = 0x0a4d_0100
  /// Where attackers have their own addresses.
  static let firstOfAttackers: UInt32 = 0x0a4d_f000

  let scenario: RackScenario
  let time = VirtualTime()
  var random: SeededGenerator
  var checker = RackChecker()
  var outcome: RackOutcome

  private var agenda = Agenda()
  private var network: SimulatedNetwork
  private var disk: SimulatedDisk
  private var life: Life?
  private var lives = 0
  private var journal: BootJournal
  private let planner = BootPlanner(files: ["undionly.kpxe", "snponly.efi"])
  private let server: DHCPServerConfiguration
  private let program: [UInt8]
  private let logger = Logger(label: "rack", factory: { _ in SwiftLogNoOpLogHandler() })

  private var machines: [RackMachine] = []
  /// The time a machine's one timer fires.
  private var timers: [Nanoseconds?] = []
  /// Since when somebody waits for a machine to be up.
  private var waitingSince: [Nanoseconds?] = []
  private var isolated: [Bool] = []
  /// When a packet of the machine's was last lost.
  private var lostAt: [Nanoseconds] = []
  private var diedAt: Nanoseconds = .min
  /// Ports that a machine has read all of the program on.
  private var completed: [[UInt16]] = []
  /// When the endpoint wants its next turn.
  private var turnAt: Nanoseconds?
  private(set) var squatted: Set<IPv4Address> = []
  var attackState = AttackState()

  private let tracing: Bool
  private var trace: [String] = []
  private static let longestTrace = 60

  // Used again and again.
  private var machineActions: [RackMachine.Action] = []
  private var transferActions: [SimulatedTFTP.Action] = []

  public init(_ scenario: RackScenario, tracing: Bool = false) {
    self.scenario = scenario
    self.tracing = tracing
    outcome = RackOutcome(scenario: scenario)
    var random = SeededGenerator(seed: scenario.seed ^ 0x5261_636b)
    network = SimulatedNetwork(scenario, random: SeededGenerator(seed: random.next()))
    program = (0..<max(1, scenario.programSize)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    let size = UInt32(scenario.machines + scenario.spareAddresses)
    let pool = IPv4Address(rawValue: Self.firstOfPool)...IPv4Address(rawValue: Self.firstOfPool + size - 1)
    guard let subnet = IPv4Prefix(containing: Self.hostAddress, length: 16) else {
      preconditionFailure("16 is the length of a prefix")
    }
    var server = DHCPServerConfiguration(subnet: subnet, pools: [pool])
    server.defaultLeaseSeconds = scenario.leaseSeconds
    server.excluded = [Self.hostAddress]
    server.probes = scenario.isProbing
    self.server = server
    var known: [Lease] = []
    if scenario.isKnown {
      for index in 0..<scenario.machines {
        let mac = RackMachine.mac(index)
        known.append(
          Lease(
            address: IPv4Address(rawValue: Self.firstOfPool + UInt32(index)), client: ClientIdentity(mac).bytes,
            mac: mac,
            hostname: nil, state: .bound, expires: time.timestamp.advanced(bySeconds: -3600)))
      }
    }
    disk = SimulatedDisk(scenario, holding: known, random: SeededGenerator(seed: random.next()))
    journal = BootJournal(now: { [time] in time.timestamp })
    for index in 0..<scenario.machines {
      let firmware = Firmware.allCases[random.below(Firmware.allCases.count)]
      machines.append(RackMachine(index: index, firmware: firmware, random: SeededGenerator(seed: random.next())))
    }
    while squatted.count < min(scenario.squatters, scenario.spareAddresses) {
      squatted.insert(IPv4Address(rawValue: pool.upperBound.rawValue - UInt32(random.below(Int(size)))))
    }
    timers = Array(repeating: nil, count: scenario.machines)
    waitingSince = Array(repeating: nil, count: scenario.machines)
    isolated = Array(repeating: false, count: scenario.machines)
    lostAt = Array(repeating: .min, count: scenario.machines)
    completed = Array(repeating: [], count: scenario.machines)
    self.random = random
    plan()
  }

  /// Runs the scenario once; if something did not hold, once more with the last steps recorded.
  public static func run(_ scenario: RackScenario) -> RackOutcome {
    let outcome = RackRun(scenario).run()
    return outcome.violation == nil ? outcome : RackRun(scenario, tracing: true).run()
  }

  // MARK: The course of things

  /// What happens by itself.
  private func plan() {
    start()
    let duration = scenario.duration * 1000
    for index in 0..<scenario.machines {
      agenda.add(.powerCycle(index), at: Nanoseconds(random.below(scenario.powerOnSpread * 1000 + 1)) * millisecond)
      if random.chance(scenario.powerCycles) {
        agenda.add(.powerCycle(index), at: Nanoseconds(random.below(duration)) * millisecond)
      }
      if random.chance(scenario.isolations) {
        let at = Nanoseconds(random.below(duration)) * millisecond
        agenda.add(.isolate(index), at: at)
        agenda.add(.rejoin(index), at: at + Nanoseconds(30 + random.below(scenario.duration)) * second)
      }
    }
    for _ in 0..<scenario.crashes { agenda.add(.crash, at: Nanoseconds(random.below(duration)) * millisecond) }
    for index in scenario.attacks.indices {
      agenda.add(.attack(index), at: Nanoseconds(random.below(5000)) * millisecond)
    }
    agenda.add(.inspection, at: 10 * second)
  }

  /// Lets everything happen, until the time is over and every machine is up, or something does not hold.
  public func run() -> RackOutcome {
    let end = Nanoseconds(scenario.duration) * second
    while checker.violation == nil, let (at, event) = agenda.next() {
      time.now = max(time.now, at)
      outcome.steps += 1
      outcome.digest = (outcome.digest ^ UInt64(bitPattern: at)) &* 0x100_0000_01b3
      perform(event)
      check()
      if time.now >= end, waitingSince.allSatisfy({ $0 == nil }) { break }
    }
    outcome.violation = checker.violation.map { "at \(seconds(time.now)) s: \($0)" }
    outcome.trace = trace
    outcome.lost = network.lost
    outcome.seconds = Double(time.now) / Double(second)
    return outcome
  }

  private func perform(_ event: RackEvent) {
    switch event {
    case .frameToHost(let bytes): hear(bytes)
    case .frameToRack(let bytes): deliver(bytes)
    case .datagramToHost(let datagram):
      life?.tftp.receive(datagram, time.now, into: &transferActions)
      performTransferActions()
    case .datagramToRack(let datagram): deliver(datagram)
    case .answered(let index, let generation):
      guard !isolated[index] else { return }
      act(index) { $0.answered(generation, time.now, into: &$1) }
    case .machineTimer(let index):
      guard timers[index] == time.now else { return }
      timers[index] = nil
      act(index) { $0.timerFired(time.now, into: &$1) }
    case .transferTimer(let number):
      life?.tftp.timerFired(number, time.now, into: &transferActions)
      performTransferActions()
    case .hostTurn(let number): turn(number)
    case .committed(let number): finishCommit(number)
    case .crash: crash()
    case .start: start()
    case .powerCycle(let index): powerCycle(index)
    case .isolate(let index): isolated[index] = true
    case .rejoin(let index):
      isolated[index] = false
      if waitingSince[index] != nil { waitingSince[index] = time.now }
    case .attack(let index): attack(index)
    case .inspection: inspect()
    }
  }

  /// Events that other files add.
  func add(_ event: RackEvent, at time: Nanoseconds) { agenda.add(event, at: time) }

  // MARK: The boot host

  private func start() {
    guard life == nil else { return }
    lives += 1
    turnAt = nil
    if lives > 1 { outcome.restarts += 1 }
    let leases = scenario.fault == .emptyStart ? [] : disk.stored
    let configuration = DHCPServiceConfiguration(
      interface: "rack0", mode: .server(server), address: Self.hostAddress)
    let endpoint = DHCPEndpoint(
      configuration,
      at: DHCPEndpoint.Station(mac: Self.hostMAC, addresses: [Self.hostAddress], broadcasts: [server.subnet.last]),
      leases: leases, planner: planner, events: journal,
      counters: DHCPCounters(interface: "rack0"), logger: logger)
    life = Life(
      endpoint: endpoint,
      tftp: SimulatedTFTP(contents: ["undionly.kpxe": program, "snponly.efi": program], fault: scenario.fault))
    note("boot host starts with \(leases.count) leases")
  }

  /// The power fails, and comes back.
  private func crash() {
    guard life != nil else { return }
    note("boot host dies")
    disk.fail()
    life = nil
    diedAt = time.now
    // The journal is in memory.
    journal = BootJournal(now: { [time] in time.timestamp })
    agenda.add(.start, at: time.now + second + Nanoseconds(random.below(20_000)) * millisecond)
  }

  private func hear(_ bytes: [UInt8]) {
    guard life != nil else { return }
    // Of the machines whose hardware address ends in 3: behind Ethernet, IP and UDP, `chaddr` and the first option.
    if scenario.fault == .deafness, bytes.count > 284, bytes[42 + 33] & 7 == 3,
      bytes[284] == MessageType.request.rawValue
    {
      return
    }
    var sent: [[UInt8]] = []
    life?.endpoint.receive(bytes.span, now: time.timestamp) { sent.append($0.bytesCopied) }
    for frame in sent { leave(frame) }
    planTurn()
    commit()
  }

  /// As the link's loop does: when the endpoint wants it.
  private func planTurn() {
    guard let patience = life?.endpoint.patience(now: time.timestamp) else { return }
    let due = time.now + max(1, Nanoseconds(patience)) * millisecond
    guard turnAt.map({ due < $0 }) ?? true else { return }
    turnAt = due
    agenda.add(.hostTurn(life: lives), at: due)
  }

  private func turn(_ number: Int) {
    guard number == lives, life != nil, turnAt == time.now else { return }
    turnAt = nil
    var sent: [[UInt8]] = []
    life?.endpoint.turn(now: time.timestamp) { sent.append($0.bytesCopied) }
    for frame in sent { leave(frame) }
    planTurn()
    commit()
  }

  /// As the link's handler does after each turn: one batch at a time, which all that waits goes into.
  private func commit() {
    guard let waiting = life?.endpoint.waiting, !waiting.isEmpty, life?.committing.isEmpty == true,
      let batch = life?.endpoint.takeWaiting()
    else { return }
    if scenario.fault == .hastyAcknowledgement { tell(batch) }
    life?.committing = batch
    let duration = disk.write(batch.flatMap(\.change.records))
    agenda.add(.committed(life: lives), at: time.now + duration)
  }

  private func finishCommit(_ number: Int) {
    guard number == lives, let batch = life?.committing else { return }
    life?.committing = []
    if disk.finish() {
      if scenario.fault != .hastyAcknowledgement { tell(batch) }
    } else {
      note("the store fails")
      life?.endpoint.failed(batch)
    }
    commit()
  }

  private func tell(_ batch: [DHCPEndpoint.Waiting]) {
    var sent: [[UInt8]] = []
    life?.endpoint.committed(batch) { sent.append($0.bytesCopied) }
    for frame in sent { leave(frame) }
  }

  /// A frame leaves the boot host.
  private func leave(_ bytes: [UInt8]) {
    if let question = ARPFrame(parsing: bytes.span) { return answer(question) }
    guard let packet = Self.packet(bytes) else { return checker.fail("an unreadable frame was sent") }
    note("host → \(name(packet.clientHardware.mac)): \(summary(packet))")
    if packet.messageType == .ack, !packet.yourAddress.isUnspecified, let mac = packet.clientHardware.mac {
      outcome.acknowledgements += 1
      checkSquatters(packet.yourAddress, givenTo: mac)
      checker.acknowledged(
        mac, packet.yourAddress, seconds: packet.options.uint32(.leaseTime) ?? 0,
        stored: disk.leases[packet.yourAddress], at: time.now)
    }
    travel(.frameToRack(bytes), from: nil, to: machine(packet.clientHardware.mac))
  }

  private func performTransferActions() {
    let actions = transferActions
    transferActions.removeAll(keepingCapacity: true)
    for action in actions {
      switch action {
      case .send(let datagram):
        travel(.datagramToRack(datagram), from: nil, to: checker.user(of: datagram.client.address))
      case .timer(let number, let at): agenda.add(.transferTimer(number), at: at)
      case .ended(let client, let failure, let wasTold, let isUnreachable):
        ended(client, failure, wasTold: wasTold, isUnreachable: isUnreachable)
      }
    }
  }

  private func ended(_ client: TFTPPeer, _ failure: TFTPFailure?, wasTold: Bool, isUnreachable: Bool) {
    note("transfer of \(client.address):\(client.port) ends: \(failure.map { "\($0)" } ?? "finished")")
    if failure == .timedOut || failure == .shutDown, !wasTold {
      checker.fail("transfer of \(client.address):\(client.port) ended by the host without an ERROR")
    }
    guard let index = checker.user(of: client.address) else { return }
    switch failure {
    case nil:
      outcome.transfers += 1
      if !isUnreachable, client.address.rawValue < Self.firstOfAttackers, !completed[index].contains(client.port),
        machines[index].loaderPort == client.port
      {
        checker.fail("finished for the host, but machine \(index) has not all of it")
      }
    case .timedOut, .shutDown, .unreachable, .abandoned, .declined, .superseded: break
    }
  }

  // MARK: The segment

  /// Sends something on its way; `from` and `to` are machines, where they are known.
  func travel(_ event: RackEvent, from: Int?, to: Int?) {
    if let from, isolated[from] { return }
    if let to, isolated[to] { return }
    let (first, second) = network.arrivals(ofPacketSent: time.now, byHost: from == nil && to != nil)
    if first == nil {
      note("lost")
      if let index = from ?? to { lostAt[index] = time.now }
    }
    // What is late by more than a ROM's patience is as good as lost.
    if let first, first - time.now > 200 * millisecond, let index = from ?? to { lostAt[index] = time.now }
    if let first { agenda.add(event, at: first) }
    if let second { agenda.add(event, at: second) }
  }

  private func deliver(_ bytes: [UInt8]) {
    guard let packet = Self.packet(bytes), let index = machine(packet.clientHardware.mac), !isolated[index] else {
      return
    }
    let squatted = squatted
    act(index) { $0.receive(packet, time.now, isTaken: squatted.contains, into: &$1) }
  }

  private func deliver(_ datagram: TFTPDatagram) {
    guard let index = checker.user(of: datagram.client.address) else {
      return answerAttacker(datagram)
    }
    guard !isolated[index] else { return }
    guard machines[index].loaderPort == datagram.client.port else {
      // An operating system says that the port is closed; firmware says nothing.
      if machines[index].stage == .up {
        life?.tftp.unreachable(datagram.client, datagram.hostPort, time.now, into: &transferActions)
        performTransferActions()
      }
      return
    }
    act(index) { $0.receive(datagram, time.now, into: &$1) }
  }

  /// Sends a TFTP packet to the boot host.
  func send(_ packet: [UInt8], from client: TFTPPeer, to port: UInt16, machine: Int?) {
    travel(.datagramToHost(TFTPDatagram(bytes: packet, client: client, hostPort: port)), from: machine, to: nil)
  }

  /// Sends a DHCP message to the boot host; to all stations when it has no address.
  func send(_ packet: DHCPPacket, from mac: MACAddress, source: IPv4Address = .any, machine: Int?) {
    let isUnicast = !source.isUnspecified
    var payload: [UInt8] = []
    packet.serialize(into: &payload)
    var bytes: [UInt8] = []
    let frame = UDPFrame(
      destinationMAC: isUnicast ? Self.hostMAC : .broadcast, sourceMAC: mac, source: source,
      destination: isUnicast ? Self.hostAddress : .broadcast, sourcePort: DHCPPort.client,
      destinationPort: DHCPPort.server)
    guard (try? frame.serialize(payload: payload.span, into: &bytes)) != nil else { return }
    travel(.frameToHost(bytes), from: machine, to: nil)
  }

  private static func packet(_ bytes: [UInt8]) -> DHCPPacket? {
    guard let (_, payload) = try? UDPFrame.parse(bytes.span) else { return nil }
    return try? DHCPPacket(parsing: bytes.span.extracting(payload))
  }

  // MARK: Machines

  private func machine(_ mac: MACAddress?) -> Int? {
    guard let mac, mac.rawValue >= 0x5254_0000_0000 else { return nil }
    let index = Int(mac.rawValue - 0x5254_0000_0000)
    return index < machines.count ? index : nil
  }

  private func powerCycle(_ index: Int) {
    note("machine \(index) is switched on, a \(machines[index].firmware.rawValue)")
    // One of three goes down in good order.
    let isOrderly = random.chance(333)
    waitingSince[index] = time.now
    act(index) { machine, actions in
      if isOrderly { machine.release(into: &actions) }
      machine.powerOn(time.now, into: &actions)
    }
  }

  /// Lets a machine do something, and does what it wants done.
  private func act(_ index: Int, _ body: (inout RackMachine, inout [RackMachine.Action]) -> Void) {
    var actions = machineActions
    machineActions = []
    actions.removeAll(keepingCapacity: true)
    body(&machines[index], &actions)
    for action in actions { perform(action, index) }
    machineActions = actions
    if let deadline = machines[index].deadline {
      let due = max(deadline, time.now)
      if timers[index].map({ due < $0 }) ?? true {
        timers[index] = due
        agenda.add(.machineTimer(index), at: due)
      }
    }
  }

  private func perform(_ action: RackMachine.Action, _ index: Int) {
    let mac = RackMachine.mac(index)
    switch action {
    case .broadcast(let packet):
      note("machine \(index): \(summary(packet))")
      if packet.messageType == .decline, let address = packet.requestedAddress { checker.givenBack(mac, address) }
      send(packet, from: mac, machine: index)
    case .unicast(let packet):
      note("machine \(index): \(summary(packet))")
      if packet.messageType == .release { checker.givenBack(mac, packet.clientAddress) }
      send(packet, from: mac, source: packet.clientAddress, machine: index)
    case .datagram(let packet, let peer, let hostPort):
      note("machine \(index):\(peer.port) → \(hostPort): \(packet)")
      send(packet.bytes, from: peer, to: hostPort, machine: index)
    case .fetch(let generation): fetch(index, generation)
    case .use(let address, let until):
      note("machine \(index) uses \(address) until \(seconds(until))")
      checker.uses(index, address, until: until, at: time.now)
    case .leave: checker.leaves(index)
    case .loaded(let program, let port):
      note("machine \(index) has its program")
      completed[index].append(port)
      if completed[index].count > 8 { completed[index].removeFirst() }
      checker.loaded(index, program, expecting: self.program)
    case .up: isUp(index)
    case .failed(let why, let since, let isTold):
      note("machine \(index) starts over: \(why)")
      outcome.failures += 1
      if let since, !isTold, lostAt[index] < since, diedAt < since - 25 * second, life != nil, !isolated[index],
        scenario.attacks.isEmpty
      {
        checker.fail("machine \(index) gave up: \(why), although nothing was lost and nobody told it")
      }
    }
  }

  /// HTTP is TCP's business here: it answers, when the boot host is there, with what the planner says.
  private func fetch(_ index: Int, _ generation: Int) {
    guard life != nil, !isolated[index] else { return }
    let machine = machines[index]
    if machine.stage == .script {
      let request = BootRequest(
        stage: .script, architecture: machine.firmware.isUEFI ? .uefiX64 : .bios, mac: machine.mac)
      guard case .agent = planner.plan(request, context: BootContext()).action else {
        return checker.fail("machine \(index), which nobody knows, is not to boot the agent")
      }
    }
    agenda.add(
      .answered(machine: index, generation: generation),
      at: time.now + 5 * millisecond + Nanoseconds(random.below(500)) * millisecond)
  }

  private func isUp(_ index: Int) {
    note("machine \(index) is up")
    guard let since = waitingSince[index] else { return }
    waitingSince[index] = nil
    outcome.boots += 1
    outcome.slowestBoot = max(outcome.slowestBoot, Double(time.now - since) / Double(second))
  }

  // MARK: What must hold

  /// At each step.
  private func check() {
    guard let life else { return }
    checker.holds("addresses that are asked for", life.endpoint.probing, atMost: AddressProber.limit)
    checker.holds("changes that wait for the disk", life.endpoint.waiting.count, atMost: DHCPEndpoint.waitingLimit)
    let limits = life.tftp.admission.limits
    checker.holds("transfers", life.tftp.admission.openCount, atMost: limits.transfers)
    checker.holds("requests that wait", life.tftp.admission.waitingCount, atMost: limits.waiting)
    checker.holds("sessions", life.tftp.sessionCount, atMost: limits.transfers + limits.waiting)
  }

  /// Each ten seconds: what takes longer to look at.
  private func inspect() {
    agenda.add(.inspection, at: time.now + 10 * second)
    let patience = Nanoseconds(scenario.patience) * second
    for (index, since) in waitingSince.enumerated() where !isolated[index] {
      guard let since, time.now - since > patience else { continue }
      checker.fail(
        "machine \(index) (\(machines[index].firmware.rawValue), \(machines[index].stage.rawValue)) starves: not up \(scenario.patience) s after it was switched on"
      )
    }
    if let life, let leases = life.endpoint.leases {
      let addresses = scenario.machines + scenario.spareAddresses
      checker.holds("offers and changes in flight", leases.outstanding, atMost: 2 * addresses)
      checker.holds("leases", leases.count, atMost: addresses)
      if life.tftp.admission.count != life.tftp.sessionCount {
        checker.fail("memory: \(life.tftp.sessionCount) sessions, \(life.tftp.admission.count) of them known")
      }
    }
    let records = journal.records()
    checker.holds("machines in the journal", records.count, atMost: BootJournal.Limits.machines)
    for record in records {
      checker.holds("events of a machine", record.events.count, atMost: BootJournal.Limits.eventsPerMachine)
    }
  }

  // MARK: What is told

  func note(_ text: @autoclosure () -> String) {
    guard tracing else { return }
    if trace.count >= Self.longestTrace { trace.removeFirst() }
    trace.append("\(seconds(time.now)) \(text())")
  }

  private func seconds(_ time: Nanoseconds) -> String {
    let text = "\(time / microsecond % 1_000_000)"
    return "\(time / second).\(String(repeating: "0", count: 6 - text.count))\(text)"
  }

  private func name(_ mac: MACAddress?) -> String {
    machine(mac).map { "machine \($0)" } ?? mac?.description ?? "?"
  }

  private func summary(_ packet: DHCPPacket) -> String {
    let address =
      packet.yourAddress.isUnspecified ? packet.requestedAddress ?? packet.clientAddress : packet.yourAddress
    return "\(packet.messageType?.description ?? "?") \(address) xid \(packet.transactionID)"
  }
}
