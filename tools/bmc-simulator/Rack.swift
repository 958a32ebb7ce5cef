import IPMI
import LinuxSystem
import Wire

/// The simulated BMCs, their one socket, and what is still to happen: one loop on one thread.
final class Rack {
  /// Something that is due later.
  private struct Event: Comparable {
    enum Kind {
      /// A datagram that was held up reaches its BMC.
      case arrival(peer: UInt64, [UInt8])
      /// An answer leaves.
      case departure(peer: UInt64, [UInt8])
      /// Time does its work on a machine.
      case poll
    }
    var at: ContinuousClock.Instant
    /// What is due at one time happens in the order it was put here.
    var order: UInt64
    var place: Int
    var kind: Kind

    static func < (one: Event, other: Event) -> Bool { (one.at, one.order) < (other.at, other.order) }
    static func == (one: Event, other: Event) -> Bool { one.order == other.order }
  }

  /// A datagram of IPMI has at most a payload of 64 kB by its length field; none that anybody sends is longer than this.
  private static let longestDatagram = 2048

  /// 10,000 BMCs asked at once are a few megabytes.
  private static let bufferSize = 32 << 20

  /// Batches of datagrams that are taken before the clock is looked at again.
  private static let mostBatches = 8

  let port: UInt16
  private let first: IPv4Address
  private let socket: DatagramBatchSocket
  private(set) var bmcs: [SimulatedBMC]
  private var random: SeededRandom
  private var events = Heap<Event>()
  private var order: UInt64 = 0
  private var polls: [ContinuousClock.Instant?]
  private var outgoing: [DatagramBatchSocket.Datagram] = []

  /// Datagrams to addresses that no BMC has.
  private(set) var strays = 0

  /// Answers that the kernel did not take.
  private(set) var unsent = 0

  /// `makeBMCs` is given the port that they are reached at.
  init(first: IPv4Address, port: UInt16, seed: UInt64, makeBMCs: (UInt16) -> [SimulatedBMC]) throws {
    self.first = first
    random = SeededRandom(seed: seed)
    let socket = try DatagramBatchSocket(
      port: port, capacity: Self.longestDatagram, receiveBuffer: Self.bufferSize, sendBuffer: Self.bufferSize)
    self.port = try socket.port
    bmcs = makeBMCs(self.port)
    polls = Array(repeating: nil, count: bmcs.count)
    self.socket = socket
  }

  func address(of place: Int) -> IPv4Address { IPv4Address(rawValue: first.rawValue &+ UInt32(place)) }

  /// Answers until `waker` is signalled, or `end` has come.
  func run(until end: ContinuousClock.Instant?, or waker: EventDescriptor) throws {
    while true {
      var now = ContinuousClock.now
      if let end, now >= end { return }
      let next = [events.first?.at, end].compactMap(\.self).min()
      if next.map({ $0 > now }) ?? true { try socket.wait(orFor: waker, upTo: next.map { $0 - now }) }
      if waker.take() { return }
      now = ContinuousClock.now
      while let event = events.first, event.at <= now {
        events.removeFirst()
        carryOut(event, at: now)
      }
      // Bounded, so that what is due and the end are seen under any load.
      for _ in 0..<Self.mostBatches {
        let datagrams = try socket.receive()
        if datagrams.isEmpty { break }
        now = ContinuousClock.now
        for datagram in datagrams { take(datagram, at: now) }
        try flush()
      }
      try flush()
    }
  }

  /// Lets go of the sessions that nobody has used for too long, so that those still open can be counted.
  func settle() {
    let now = ContinuousClock.now
    for place in bmcs.indices { _ = bmcs[place].poll(at: now, random: &random) }
  }

  private func take(_ datagram: DatagramBatchSocket.Datagram, at now: ContinuousClock.Instant) {
    let place = Int(datagram.local.rawValue) - Int(first.rawValue)
    guard bmcs.indices.contains(place) else {
      strays += 1
      return
    }
    let peer = UInt64(datagram.remote.rawValue) << 16 | UInt64(datagram.remotePort)
    for delay in bmcs[place].responder.configuration.faults.arrivals(random: &random) {
      if delay == .zero {
        hear(datagram.bytes, from: peer, at: place, now)
      } else {
        add(.arrival(peer: peer, datagram.bytes), at: now + delay, place)
      }
    }
  }

  private func hear(_ bytes: [UInt8], from peer: UInt64, at place: Int, _ now: ContinuousClock.Instant) {
    deliver(bmcs[place].receive(bytes.span, from: peer, at: now, random: &random), of: place, now)
  }

  private func deliver(_ deliveries: [SimulatedBMC.Delivery], of place: Int, _ now: ContinuousClock.Instant) {
    for delivery in deliveries {
      if delivery.delay == .zero {
        send(delivery.datagram, to: delivery.peer, from: place)
      } else {
        add(.departure(peer: delivery.peer, delivery.datagram), at: now + delivery.delay, place)
      }
    }
    // One poll at a time and BMC; a later one finds out itself when there is nothing to do.
    if let deadline = bmcs[place].deadline, polls[place].map({ deadline < $0 }) ?? true {
      polls[place] = deadline
      add(.poll, at: deadline, place)
    }
  }

  private func carryOut(_ event: Event, at now: ContinuousClock.Instant) {
    switch event.kind {
    case .arrival(let peer, let bytes): hear(bytes, from: peer, at: event.place, now)
    case .departure(let peer, let bytes): send(bytes, to: peer, from: event.place)
    case .poll:
      if polls[event.place] == event.at { polls[event.place] = nil }
      deliver(bmcs[event.place].poll(at: now, random: &random), of: event.place, now)
    }
  }

  private func add(_ kind: Event.Kind, at moment: ContinuousClock.Instant, _ place: Int) {
    order &+= 1
    events.insert(Event(at: moment, order: order, place: place, kind: kind))
  }

  private func send(_ bytes: [UInt8], to peer: UInt64, from place: Int) {
    outgoing.append(
      DatagramBatchSocket.Datagram(
        local: address(of: place), remote: IPv4Address(rawValue: UInt32(truncatingIfNeeded: peer >> 16)),
        remotePort: UInt16(truncatingIfNeeded: peer), bytes: bytes))
  }

  private func flush() throws {
    var rest = outgoing[...]
    while !rest.isEmpty {
      do {
        let sent = try socket.send(rest)
        rest = rest.dropFirst(sent)
        if sent == 0, try !socket.waitUntilWritable(timeout: .milliseconds(100)) {
          unsent += rest.count
          break
        }
      } catch {
        // Of the first: its console may be gone. The others are not to suffer.
        unsent += 1
        rest = rest.dropFirst()
      }
    }
    outgoing.removeAll(keepingCapacity: true)
  }
}
