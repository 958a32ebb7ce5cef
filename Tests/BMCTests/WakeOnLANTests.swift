import BareMetal
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import BMC

@Suite("Wake-on-LAN")
struct WakeOnLANTests {
  let address = MACAddress(rawValue: 0x5254_0012_3456)

  @Test("the magic packet is six times 0xFF and sixteen times the address")
  func packet() {
    let packet = WakeOnLANController(address: address, broadcast: nil).magicPacket
    #expect(packet.count == 102)
    #expect(packet.prefix(6).allSatisfy { $0 == 0xff })
    for copy in 0..<16 {
      #expect(Array(packet[(6 + copy * 6)..<(12 + copy * 6)]) == [0x52, 0x54, 0x00, 0x12, 0x34, 0x56])
    }
  }

  @Test("it is sent three times, and nobody pretends to know what became of it")
  func sent() async throws {
    let receiver = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, Never>(wrappingChannelSynchronously: channel)
        }
      }
    try await receiver.executeThenClose { packets in
      var controller = WakeOnLANController(address: address, broadcast: IPv4Address(rawValue: 0x7f00_0001))
      controller.port = receiver.channel.localAddress?.port ?? 0
      #expect(try await controller.power(.on, waits: true) == .unknown)
      var iterator = packets.makeAsyncIterator()
      for _ in 0..<3 {
        let packet = try await iterator.next()
        #expect(packet.map { Array($0.data.readableBytesView) } == controller.magicPacket)
      }
    }
  }

  @Test("the state is unknown, and everything else unsupported")
  func nothingElse() async throws {
    let controller = WakeOnLANController(address: address, broadcast: nil)
    #expect(try await controller.powerState() == .unknown)
    for request in [BMCRequest.power(.off, waits: false), .power(.cycle, waits: true), .boot, .sensors] {
      let failure = await #expect(throws: BMCFailure.self) { _ = try await controller.perform(request) }
      #expect(failure?.kind == .unsupported)
    }
  }
}
