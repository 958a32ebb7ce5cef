import Wire

/// A message between a DHCPv6 client and a server (RFC 8415 §8):
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------+-----------------------------------------------+
/// |    msg-type   |                transaction-id                 |
/// +---------------+-----------------------------------------------+
/// |                     options (to the end)                      |
/// +---------------------------------------------------------------+
/// ```
public struct DHCPv6Packet: Hashable, Sendable {
  /// Bytes of a message at most. It never exceeds what one unfragmented datagram takes on Ethernet by much; a client that
  /// sends more means harm.
  public static let maximumSize = 4096

  /// `msg-type`
  public var type: DHCPv6MessageType

  /// `transaction-id`: three bytes, chosen by the client.
  public var transactionID: UInt32

  public var options: DHCPv6Options

  /// - Parameter transactionID: its low 24 bits count.
  public init(type: DHCPv6MessageType, transactionID: UInt32, options: DHCPv6Options = DHCPv6Options()) {
    self.type = type
    self.transactionID = transactionID & 0xff_ffff
    self.options = options
  }

  /// Reads a message.
  public init(parsing bytes: Span<UInt8>) throws(DHCPv6ParseError) {
    guard bytes.count <= Self.maximumSize else { throw .oversized(bytes.count) }
    var offset = 0
    let head: UInt32
    do {
      head = try bytes.readUInt32(at: &offset)
    } catch {
      throw .truncated(error)
    }
    type = DHCPv6MessageType(rawValue: UInt8(head >> 24))
    guard type != .relayForward, type != .relayReply else { throw .relayed }
    transactionID = head & 0xff_ffff
    options = try DHCPv6Options(parsing: bytes.extracting(offset..<bytes.count))
  }

  /// Writes the message.
  public func serialize(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: UInt32(type.rawValue) << 24 | transactionID & 0xff_ffff)
    options.serialize(into: &bytes)
  }
}

extension DHCPv6Packet {
  /// Option 1.
  public var clientIdentifier: DUID? { options[.clientIdentifier].flatMap { DUID(bytes: $0) } }

  /// Option 2.
  public var serverIdentifier: DUID? { options[.serverIdentifier].flatMap { DUID(bytes: $0) } }

  /// Every option 3 there is.
  public func identityAssociations() throws(DHCPv6ParseError) -> [IdentityAssociation] {
    var all: [IdentityAssociation] = []
    for value in options.all(.identityAssociation) { all.append(try IdentityAssociation(parsing: value.span)) }
    return all
  }

  /// Whether the client asks for that option (option 6).
  public func requests(_ code: DHCPv6OptionCode) -> Bool {
    let list = options[.optionRequest] ?? []
    return stride(from: 0, to: list.count - 1, by: 2).contains {
      UInt16(list[$0]) << 8 | UInt16(list[$0 + 1]) == code.rawValue
    }
  }
}
