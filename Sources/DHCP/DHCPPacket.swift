public import Wire

/// A DHCP message (RFC 2131 §2, figure 1), laid out as BOOTP's (RFC 951). All numbers are in network order.
///
/// ```
///  0               1               2               3
/// +---------------+---------------+---------------+---------------+
/// |     op (1)    |   htype (1)   |   hlen (1)    |   hops (1)    |
/// +---------------+---------------+---------------+---------------+
/// |                            xid (4)                            |
/// +-------------------------------+-------------------------------+
/// |           secs (2)            |           flags (2)           |
/// +-------------------------------+-------------------------------+
/// |  ciaddr (4), yiaddr (4), siaddr (4), giaddr (4)               |
/// +---------------------------------------------------------------+
/// |  chaddr (16)                                                  |
/// |  sname (64)                                                   |
/// |  file (128)                                                   |
/// |  99 130 83 99 (4), then options                               |
/// +---------------------------------------------------------------+
/// ```
public struct DHCPPacket: Hashable, Sendable {
  /// Who speaks: `op`.
  public enum Operation: UInt8, Hashable, Sendable {
    case request = 1
    case reply = 2
  }

  /// `op`
  public var operation: Operation
  /// `htype`, `hlen`, `chaddr`
  public var clientHardware: HardwareAddress
  /// `hops`: relay agents passed.
  public var hops: UInt8 = 0
  /// `xid`
  public var transactionID: TransactionID
  /// `secs` since the client began.
  public var seconds: UInt16 = 0
  /// `flags`: bit 15 is BROADCAST, the rest is reserved; kept and echoed.
  public var flags: UInt16 = 0
  /// `ciaddr`: an address that the client has and answers ARP for.
  public var clientAddress: IPv4Address = .any
  /// `yiaddr`: the client's address by the server's word.
  public var yourAddress: IPv4Address = .any
  /// `siaddr`: where the next step of booting is to be had.
  public var nextServer: IPv4Address = .any
  /// `giaddr`: the relay agent.
  public var relayAgent: IPv4Address = .any
  /// `sname` up to the first NUL, at most 64 bytes. 64 bytes without NUL are taken, though RFC 2131 asks for one.
  public var serverName: [UInt8] = []
  /// `file` up to the first NUL, at most 128 bytes. 128 bytes without NUL are taken, though RFC 2131 asks for one.
  public var bootFile: [UInt8] = []
  /// The options, those in overloaded `file` and `sname` included.
  public var options = DHCPOptions()

  /// A message with nothing but what every message needs.
  public init(operation: Operation, clientHardware: HardwareAddress, transactionID: TransactionID) {
    self.operation = operation
    self.clientHardware = clientHardware
    self.transactionID = transactionID
  }

  /// The BROADCAST flag: the client cannot receive unicast before it has its address (RFC 2131 §4.1).
  public var isBroadcast: Bool {
    get { flags & 0x8000 != 0 }
    set { flags = newValue ? flags | 0x8000 : flags & 0x7fff }
  }

  /// Option 53.
  public var messageType: MessageType? { options.uint8(.messageType).map { MessageType(rawValue: $0) } }

  /// Option 54.
  public var serverIdentifier: IPv4Address? { options.address(.serverIdentifier) }

  /// Option 50.
  public var requestedAddress: IPv4Address? { options.address(.requestedAddress) }

  /// The UDP payload of an Ethernet frame's 1,500 bytes.
  static let largestSize = 1472

  /// Option 61, where it can name a client: of at least two bytes (RFC 2132 §9.14), and not longer than any DUID makes it
  /// (RFC 8415 §11.1: 130 bytes).
  public var clientIdentifier: ArraySlice<UInt8>? {
    options[.clientIdentifier].flatMap { (2...160).contains($0.count) ? $0 : nil }
  }

  /// How many bytes a reply's UDP payload may have: option 57 counts the IP and UDP headers too (28 bytes), 576 is
  /// what every client must take (RFC 2131 §2) and more than an Ethernet frame is never sent.
  public var maximumReplySize: Int {
    let declared = Int(options.uint16(.maximumMessageSize) ?? 576)
    return min(max(declared - 28, 548), Self.largestSize)
  }
}
