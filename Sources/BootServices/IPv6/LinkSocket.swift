import DHCP
import LinuxSystem
import NIOCore
import NIOPosix
import Wire

/// An IPv6 socket of one link, on an event loop.
struct LinkSocket: Sendable {
  typealias Datagram = AddressedEnvelope<ByteBuffer>

  let channel: NIOAsyncChannel<Datagram, Datagram>

  /// UDP port 547 of the link's servers.
  static func dhcpv6(on interface: String) async throws -> LinkSocket {
    let interface = try present(interface)
    let socket = try MulticastSocket.udp(port: DHCPv6Port.server, group: DHCPv6Port.group, interface: interface)
    return try await LinkSocket(owning: socket.release())
  }

  /// Router solicitations, which go to `ff02::2`.
  static func routerSolicitations(on interface: NetworkInterface) async throws -> LinkSocket {
    let socket = try MulticastSocket.icmp(
      receivingType: RouterAdvertisement.solicitationType, group: IPv6Address(rawValue: 0xff02 << 112 | 2),
      interface: interface)
    return try await LinkSocket(owning: socket.release())
  }

  static func present(_ name: String) throws -> NetworkInterface {
    guard let interface = try NetworkInterface.named(name) else { throw MissingInterface(name: name) }
    return interface
  }

  private init(owning socket: Int32) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    // The bootstrap's own way to a wrapped channel knows no socket that is bound already.
    let wrapped = group.next().makePromise(of: NIOAsyncChannel<Datagram, Datagram>.self)
    do {
      _ = try await DatagramBootstrap(group: group)
        .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: DHCPv6Packet.maximumSize))
        .channelInitializer { channel in
          let wrapping = channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<Datagram, Datagram>(wrappingChannelSynchronously: channel)
          }
          wrapping.cascade(to: wrapped)
          return wrapping.map { _ in }
        }
        .withBoundSocket(socket).get()
    } catch {
      wrapped.fail(error)
      throw error
    }
    channel = try await wrapped.futureResult.get()
    // Where the kernel does not say what a datagram was sent to, it counts as multicast.
    try? await channel.channel.setOption(.receivePacketInfo, value: true).get()
  }

  /// Sends one datagram; one that cannot be sent is as good as one that was lost.
  func send(_ bytes: [UInt8], to address: SocketAddress) {
    let datagram = Datagram(remoteAddress: address, data: ByteBuffer(bytes: bytes))
    channel.channel.writeAndFlush(datagram, promise: nil)
  }
}

/// The interface is not there.
struct MissingInterface: Error, CustomStringConvertible {
  let name: String

  var description: String { "this host has no interface \(name)" }
}

extension SocketAddress {
  /// The address without its zone; `nil` for one of another kind.
  var ipv6: Wire.IPv6Address? {
    guard case .v6 = self, let text = ipAddress else { return nil }
    return Wire.IPv6Address(text.prefix { $0 != "%" })
  }
}
