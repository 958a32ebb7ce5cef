import BareMetal
import NIOCore
import NIOPosix
import Wire

/// A machine whose network card wakes it up: it can be switched on, and nothing else, and nobody answers.
///
/// The magic packet (AMD 1995): six bytes 0xFF and sixteen times the MAC address, here in UDP to port 9 (discard) of the
/// network's broadcast address, where a switch brings it to a machine that has no IP address yet. Routers do not forward it
/// unless told to: the broadcast address of the machine's own network is better than 255.255.255.255, which leaves through
/// one interface only.
struct WakeOnLANController: PowerController {
  /// Sent so often, because nobody confirms it. A machine that is on ignores it.
  static let copies = 3

  let address: MACAddress
  let broadcast: IPv4Address
  var port = 9

  init(address: MACAddress, broadcast: IPv4Address?) {
    self.address = address
    self.broadcast = broadcast ?? IPv4Address(rawValue: 0xffff_ffff)
  }

  /// The packet's 102 bytes.
  var magicPacket: [UInt8] {
    [UInt8](repeating: 0xff, count: 6) + (0..<16).flatMap { _ in address.bytes }
  }

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    switch request {
    case .powerStatus: return .power(.unknown)
    case .power(.on, _):
      try await wake()
      // Nobody says whether it worked, however long one waits.
      return .power(.unknown)
    default: throw BMCFailure(.unsupported, "wake-on-LAN can only switch \(address) on")
    }
  }

  private func wake() async throws(BMCFailure) {
    do {
      let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .channelOption(.socketOption(.so_broadcast), value: 1)
        .bind(host: "0.0.0.0", port: 0).get()
      do {
        let destination = try SocketAddress(ipAddress: "\(broadcast)", port: port)
        for _ in 0..<Self.copies {
          let packet = AddressedEnvelope(remoteAddress: destination, data: ByteBuffer(bytes: magicPacket))
          try await channel.writeAndFlush(packet).get()
        }
      } catch {
        try? await channel.close()
        throw error
      }
      try await channel.close()
    } catch {
      throw BMCFailure(.unreachable, "the magic packet for \(address) could not be sent to \(broadcast): \(error)")
    }
  }
}
