import DHCP
import Wire

/// DHCP as boot ROMs speak it: ask, choose, take, or give up. No renewal: the lease is to last until the system is up.
struct FirmwareDHCP {
  struct Habits: Hashable {
    /// Seconds after which DISCOVER, and REQUEST, are sent again; after the last it gives up.
    var waits: [Int]
    /// How long it gathers offers, unless one says that nothing more is to come.
    var patienceForOffers: Nanoseconds
  }

  enum Step {
    case wait
    case send(DHCPPacket)
    /// It has an address; `requestedAt` is what the lease counts from (RFC 2131 §4.4.1), `proxy` the offer that says what
    /// to boot where the address's server does not.
    case bound(DHCPPacket, requestedAt: Nanoseconds, proxy: DHCPPacket?)
    case gaveUp
  }

  private enum Phase {
    case selecting
    case requesting(DHCPPacket)
  }

  let habits: Habits
  /// When ``timedOut(_:)`` is due.
  private(set) var deadline: Nanoseconds = 0

  private var discover: DHCPPacket
  private var phase = Phase.selecting
  private var attempt = 0
  private var offer: DHCPPacket?
  private var proxyOffer: DHCPPacket?
  private var sentAt: Nanoseconds = 0
  private var firstRequestAt: Nanoseconds = 0
  private let began: Nanoseconds

  init(_ discover: DHCPPacket, habits: Habits, transaction: UInt32, now: Nanoseconds) {
    self.habits = habits
    self.discover = discover
    self.discover.transactionID = TransactionID(rawValue: transaction)
    began = now
  }

  mutating func start(_ now: Nanoseconds) -> DHCPPacket {
    phase = .selecting
    attempt = 0
    offer = nil
    proxyOffer = nil
    return send(discover, now)
  }

  mutating func timedOut(_ now: Nanoseconds) -> Step {
    guard now >= deadline else { return .wait }
    if case .selecting = phase, let offer = sufficientOffer { return request(offer, now) }
    attempt += 1
    guard attempt < habits.waits.count else { return .gaveUp }
    switch phase {
    case .selecting: return .send(send(discover, now))
    case .requesting(let request): return .send(send(request, now))
    }
  }

  mutating func receive(_ packet: DHCPPacket, _ now: Nanoseconds) -> Step {
    guard packet.operation == .reply, packet.transactionID == discover.transactionID else { return .wait }
    switch (phase, packet.messageType) {
    case (.selecting, .offer):
      // EDK2, for one, drops offers that do not say whose they are.
      guard packet.serverIdentifier != nil, sufficientOffer == nil else { return .wait }
      keep(packet)
      guard let offer = sufficientOffer else { return .wait }
      if habits.patienceForOffers == 0 || Self.isLast(offer) { return request(offer, now) }
      deadline = max(now, sentAt + habits.patienceForOffers)
      return .wait
    case (.requesting(let request), .ack):
      guard packet.yourAddress == request.requestedAddress, packet.serverIdentifier == request.serverIdentifier else {
        return .wait
      }
      return .bound(packet, requestedAt: firstRequestAt, proxy: Self.boots(packet) ? nil : proxyOffer)
    case (.requesting, .nak): return .send(start(now))
    default: return .wait
    }
  }

  /// An offer of an address is enough when it, or a proxy's beside it, says what to boot.
  private var sufficientOffer: DHCPPacket? {
    guard let offer, Self.boots(offer) || proxyOffer != nil else { return nil }
    return offer
  }

  /// The first of each kind; one with all in it before one without.
  private mutating func keep(_ packet: DHCPPacket) {
    if !packet.yourAddress.isUnspecified {
      if offer == nil || Self.boots(packet) { offer = packet }
    } else if proxyOffer == nil, let answered = packet.options.text(.vendorClass),
      discover.options.text(.vendorClass)?.hasPrefix(answered) ?? false
    {
      // `PXEClient` or `HTTPClient`: the question's class, without what follows there.
      proxyOffer = packet
    }
  }

  private static func boots(_ packet: DHCPPacket) -> Bool {
    !packet.bootFile.isEmpty || packet.options.contains(.bootFileName)
  }

  /// iPXE's option 175 with `no-pxedhcp` (176): no other offer is worth waiting for.
  private static func isLast(_ packet: DHCPPacket) -> Bool {
    packet.options[.etherboot].map { Array($0) == [0xb0, 1, 1] } ?? false
  }

  private mutating func request(_ offer: DHCPPacket, _ now: Nanoseconds) -> Step {
    var packet = discover
    packet.options.set(.messageType, MessageType.request.rawValue)
    if let server = offer.serverIdentifier { packet.options.set(.serverIdentifier, server) }
    packet.options.set(.requestedAddress, offer.yourAddress)
    phase = .requesting(packet)
    attempt = 0
    firstRequestAt = now
    return .send(send(packet, now))
  }

  private mutating func send(_ packet: DHCPPacket, _ now: Nanoseconds) -> DHCPPacket {
    var packet = packet
    packet.seconds = UInt16(clamping: (now - began) / second)
    sentAt = now
    deadline = now + Nanoseconds(habits.waits[attempt]) * second
    return packet
  }
}
