import DHCP
import Wire

/// The question that EDK2 asks port 4011 of a boot server, from port 4011, when a proxy's offer does not say all (PXE 2.1 §2.2.3).
struct BootServerQuestion {
  let server: IPv4Address
  /// When ``ask(_:)`` is due again.
  private(set) var deadline: Nanoseconds = 0

  private var packet: DHCPPacket
  private var tries = 0

  private static let mostTries = 4

  init(_ discover: DHCPPacket, transaction: UInt32, from address: IPv4Address, to server: IPv4Address) {
    packet = discover
    packet.transactionID = TransactionID(rawValue: transaction)
    packet.clientAddress = address
    packet.isBroadcast = false
    packet.options.set(.messageType, MessageType.request.rawValue)
    self.server = server
  }

  /// The question, once more; `nil` when it was asked often enough.
  mutating func ask(_ now: Nanoseconds) -> DHCPPacket? {
    guard tries < Self.mostTries else { return nil }
    tries += 1
    deadline = now + Nanoseconds(tries) * second
    return packet
  }

  func isAnswered(by reply: DHCPPacket) -> Bool {
    reply.operation == .reply && reply.transactionID == packet.transactionID && reply.messageType == .ack
  }
}
