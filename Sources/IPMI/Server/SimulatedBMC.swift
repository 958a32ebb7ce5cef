/// A BMC with the network before it: ``BMCResponder`` and what ``BMCFaults`` does to its datagrams.
///
/// A value, like the responder: whoever owns socket and clock asks ``BMCFaults/arrivals(random:)`` when a datagram
/// comes, hands it over then, and sends each ``Delivery`` when its delay has passed.
public struct SimulatedBMC: Sendable {
  /// A datagram to send.
  public struct Delivery: Hashable, Sendable {
    public var peer: UInt64
    public var datagram: [UInt8]
    public var delay: Duration
  }

  public var responder: BMCResponder

  /// The answer before; kept only where answers are replayed.
  private var before: [UInt8]?

  public init(_ responder: BMCResponder) { self.responder = responder }

  /// When ``poll(at:random:)`` has something to do.
  public var deadline: ContinuousClock.Instant? { responder.deadline }

  /// A datagram has reached the BMC.
  public mutating func receive(
    _ datagram: Span<UInt8>, from peer: UInt64, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> [Delivery] {
    guard let answer = responder.receive(datagram, from: peer, at: now, random: &random) else { return [] }
    return deliver(answer, to: peer, random: &random)
  }

  /// ``deadline`` has passed.
  public mutating func poll(at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator) -> [Delivery] {
    var deliveries = [Delivery]()
    for unasked in responder.poll(at: now, random: &random) {
      deliveries += deliver(unasked.datagram, to: unasked.peer, random: &random)
    }
    return deliveries
  }

  private mutating func deliver(
    _ answer: [UInt8], to peer: UInt64, random: inout some RandomNumberGenerator
  ) -> [Delivery] {
    let faults = responder.configuration.faults
    var datagram = answer
    if faults.replay > 0 {
      if let before, BMCFaults.happens(faults.replay, random: &random) { datagram = before }
      before = answer
    }
    if BMCFaults.happens(faults.wrongIntegrity, random: &random), let last = datagram.popLast() {
      datagram.append(last ^ 0x01)
    }
    if BMCFaults.happens(faults.truncation, random: &random) {
      datagram.removeLast(Int.random(in: 0...datagram.count, using: &random))
    }
    let extra = faults.slowLogin != .zero && Self.isSlow(answer) ? faults.slowLogin : .zero
    return faults.departures(random: &random).map { Delivery(peer: peer, datagram: datagram, delay: $0 + extra) }
  }

  /// RAKP messages 2 and 4.
  private static func isSlow(_ datagram: [UInt8]) -> Bool {
    guard datagram.count > RMCPHeader.length + 1, datagram[RMCPHeader.length] == AuthenticationType.rmcpPlus.rawValue
    else { return false }
    let type = PayloadType(rawValue: datagram[RMCPHeader.length + 1])
    return type == .rakp2 || type == .rakp4
  }
}
