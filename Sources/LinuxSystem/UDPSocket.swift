internal import CLinux
internal import Glibc

/// A UDP socket of either family, connected to one peer or not. Never waits: an ``EventPoll`` says when something came.
public final class UDPSocket: Sendable {
  /// A datagram that came: its bytes are in the buffer that was given.
  public struct Received: Sendable {
    public let count: Int
    public let source: SocketEndpoint

    /// What it was sent to, if the socket was asked to say so.
    public let destination: SocketEndpoint?
  }

  /// Numbered pieces of one content, a datagram each, sent from where the content lies.
  ///
  /// ```
  /// | tag (2) | number (2) | piece |
  /// ```
  /// Most significant byte first. All pieces but the last are of one size; the last may be empty.
  public struct Pieces {
    public var tag: UInt16
    /// The number of the first piece; the others count on from it, 65535 is followed by 0.
    public var firstNumber: UInt16
    public var count: Int
    public var size: Int
    /// The bytes of all of them.
    public var content: UnsafeRawBufferPointer
    /// Let the kernel, or the network card, cut datagrams from few large messages (UDP_SEGMENT).
    public var areSegmented: Bool

    public init(
      tag: UInt16, firstNumber: UInt16, count: Int, size: Int, content: UnsafeRawBufferPointer, areSegmented: Bool
    ) {
      self.tag = tag
      self.firstNumber = firstNumber
      self.count = count
      self.size = size
      self.content = content
      self.areSegmented = areSegmented
    }

    /// Bytes before each piece.
    static let headerSize = 4
  }

  /// The most datagrams sent by one system call.
  public static let mostPieces = Int(CLINUX_MOST_DATAGRAMS)

  /// The most datagrams the kernel cuts from one message (UDP_MAX_SEGMENTS), and the most bytes in it.
  private static let mostSegments = 64
  private static let mostSegmentedBytes = 65_000

  private let descriptor: FileDescriptor
  private let family: Int32

  /// Binds to the endpoint; port 0: any free one.
  public convenience init(boundTo local: SocketEndpoint) throws(SystemError) {
    try self.init(boundTo: local, isShared: false)
  }

  private init(boundTo local: SocketEndpoint, isShared: Bool) throws(SystemError) {
    family = local.family == .ipv4 ? AF_INET : AF_INET6
    let socket = try FileDescriptor.socket(
      domain: family, type: Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
    if isShared { try systemCall("SO_REUSEPORT") { clinux_share_port(socket.rawValue) } }
    var endpoint = local.cEndpoint
    try systemCall("bind") { clinux_bind(socket.rawValue, &endpoint) }
    descriptor = socket
  }

  /// Several on one endpoint, for a thread each: the kernel gives all that comes from one host to the same of them.
  ///
  /// Port 0: any free one, the same for all. The port must be nobody else's, another such group's neither.
  public static func group(of count: Int, boundTo local: SocketEndpoint) throws(SystemError) -> [UDPSocket] {
    let first = try UDPSocket(boundTo: local)
    guard count > 1, let shared = first.local else { return [first] }
    var sockets = [first]
    // Only now: bound without it, the first has the port for itself, and with it lets the others join.
    try systemCall("SO_REUSEPORT") { clinux_share_port(first.descriptor.rawValue) }
    for _ in 1..<count { sockets.append(try UDPSocket(boundTo: shared, isShared: true)) }
    try systemCall("SO_ATTACH_REUSEPORT_CBPF") {
      clinux_spread_by_source(first.descriptor.rawValue, first.family, UInt32(clamping: count))
    }
    return sockets
  }

  /// The number to poll. It stays ours: never close it.
  public var rawValue: Int32 { descriptor.rawValue }

  /// Takes datagrams of this peer only, and its host's word that nobody listens there (ECONNREFUSED).
  public func connect(to peer: SocketEndpoint) throws(SystemError) {
    var endpoint = peer.cEndpoint
    try systemCall("connect") { clinux_connect(descriptor.rawValue, &endpoint) }
  }

  /// What it is bound to.
  public var local: SocketEndpoint? {
    var endpoint = clinux_endpoint()
    return clinux_local_endpoint(descriptor.rawValue, &endpoint) == 0 ? SocketEndpoint(endpoint) : nil
  }

  /// The MTU of a connected socket's path, as far as the kernel knows it.
  public var pathMTU: Int? {
    let mtu = clinux_path_mtu(descriptor.rawValue, family)
    return mtu > 0 ? Int(mtu) : nil
  }

  /// Whether the kernel knows segmentation at all. What a device makes of it only shows on sending.
  public var canSegment: Bool { clinux_can_segment(descriptor.rawValue) != 0 }

  /// Asks for room for datagrams not read yet: past the system's limit for root, others get what the limit allows.
  public func reserve(receiveBuffer bytes: Int) {
    var value = Int32(clamping: bytes)
    let size = socklen_t(MemoryLayout<Int32>.size)
    if setsockopt(descriptor.rawValue, SOL_SOCKET, SO_RCVBUFFORCE, &value, size) != 0 {
      _ = setsockopt(descriptor.rawValue, SOL_SOCKET, SO_RCVBUF, &value, size)
    }
  }

  /// Has ``Received/destination`` filled in.
  public func reportDestinations() throws(SystemError) {
    try systemCall("IP_PKTINFO") { clinux_report_destinations(descriptor.rawValue, family) }
  }

  /// Takes one datagram; `nil` when there is none. What is longer than the buffer is cut.
  public func receive(into buffer: inout [UInt8]) throws(SystemError) -> Received? {
    var source = clinux_endpoint()
    var destination = clinux_endpoint()
    do {
      let count = try systemCall("recvmsg") {
        buffer.withUnsafeMutableBytes {
          clinux_receive(descriptor.rawValue, $0.baseAddress, $0.count, &source, &destination)
        }
      }
      guard let source = SocketEndpoint(source) else { return nil }
      return Received(count: Int(count), source: source, destination: SocketEndpoint(destination))
    } catch {
      if error.isTimeout { return nil }
      throw error
    }
  }

  /// Takes one datagram of the peer that the socket is connected to: its length; `nil` when there is none.
  public func receiveFromPeer(into buffer: inout [UInt8]) throws(SystemError) -> Int? {
    do {
      return Int(
        try systemCall("recv") {
          buffer.withUnsafeMutableBytes {
            clinux_receive_connected(descriptor.rawValue, $0.baseAddress, $0.count)
          }
        })
    } catch {
      if error.isTimeout { return nil }
      throw error
    }
  }

  /// Sends one datagram; `peer`: `nil` on a connected socket.
  public func send(_ bytes: [UInt8], to peer: SocketEndpoint?) throws(SystemError) {
    if let peer {
      var endpoint = peer.cEndpoint
      try systemCall("sendto") { clinux_send(descriptor.rawValue, bytes, bytes.count, &endpoint) }
    } else {
      try systemCall("send") { clinux_send(descriptor.rawValue, bytes, bytes.count, nil) }
    }
  }

  /// Sends datagrams in one system call: how many of them, from the front, the kernel took. At most ``mostPieces``.
  ///
  /// An error is of the first. Segmented, EIO and EINVAL mean that the way to the peer does not do that: a device that
  /// makes no checksums, a path whose MTU is smaller than a datagram.
  public func send(_ pieces: Pieces, to peer: SocketEndpoint?) throws(SystemError) -> Int {
    var batch = clinux_pieces()
    batch.tag = pieces.tag
    batch.first_number = pieces.firstNumber
    batch.count = UInt32(clamping: pieces.count)
    batch.content = pieces.content.baseAddress?.assumingMemoryBound(to: UInt8.self)
    batch.content_size = pieces.content.count
    batch.piece_size = UInt32(clamping: pieces.size)
    batch.per_message = 1
    if pieces.areSegmented {
      let size = Pieces.headerSize + max(0, pieces.size)
      batch.per_message = UInt32(clamping: max(1, min(Self.mostSegments, Self.mostSegmentedBytes / size)))
    }
    if let peer {
      var endpoint = peer.cEndpoint
      return Int(try systemCall("sendmmsg") { clinux_send_pieces(descriptor.rawValue, &batch, &endpoint) })
    }
    return Int(try systemCall("sendmmsg") { clinux_send_pieces(descriptor.rawValue, &batch, nil) })
  }
}

extension SystemError {
  /// The peer's host says that nobody listens on the port.
  public var isRefusal: Bool { code == ECONNREFUSED }

  /// The way to the peer does not take segmented datagrams: send them one by one.
  public var isSegmentationRefusal: Bool { code == EIO || code == EINVAL || code == EMSGSIZE || code == ENOPROTOOPT }
}
