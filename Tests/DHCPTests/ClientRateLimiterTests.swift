import DHCP
import Testing
import Wire

@Suite("How much one client may say")
struct ClientRateLimiterTests {
  private static let start = Timestamp(seconds: 1_000_000)

  private func after(_ milliseconds: Int64) -> Timestamp {
    Timestamp(milliseconds: Self.start.milliseconds + milliseconds)
  }

  /// How many of `count` messages of a machine are looked at, sent at once.
  private func admitted(
    _ limiter: inout ClientRateLimiter, _ machine: UInt64, count: Int, at milliseconds: Int64 = 0
  ) -> Int {
    (0..<count).count { _ in limiter.admits(.message(.discover, machine), now: after(milliseconds)) }
  }

  @Test("Many at once, then so many a second, and all again after a silence")
  func bucket() {
    var limiter = ClientRateLimiter(.usual)
    #expect(admitted(&limiter, 1, count: 100) == 60)
    #expect(admitted(&limiter, 1, count: 100, at: 99) == 0)
    #expect(admitted(&limiter, 1, count: 100, at: 1000) == 10)
    #expect(admitted(&limiter, 1, count: 100, at: 8000) == 60)
    var slow = ClientRateLimiter(.init(perSecond: 1))
    #expect((0..<100).count { admitted(&slow, 1, count: 1, at: 100 * $0) == 1 } == 15, "6, and one a second for 9 s")
  }

  @Test("Clients are told apart: by hardware address behind one relay agent, by identifier where there is none")
  func clients() {
    var limiter = ClientRateLimiter(.usual)
    #expect(admitted(&limiter, 1, count: 100) == 60)
    for machine in 2...200 as ClosedRange<UInt64> {
      let relayed = DHCPPacket.message(.discover, machine) { $0.relayAgent = address(254) }
      #expect(limiter.admits(relayed, now: Self.start) == true)
    }
    func infiniband(_ number: UInt8) throws -> DHCPPacket {
      var header = DHCPPacketTests.header
      header[1] = 32
      header[2] = 0
      return try .read(header + hex("35 01 01 3d 05 ff 000000") + [number, 255])
    }
    for _ in 0..<60 { #expect((try? limiter.admits(infiniband(1), now: Self.start)) == true) }
    #expect((try? limiter.admits(infiniband(1), now: Self.start)) == false)
    #expect((try? limiter.admits(infiniband(2), now: Self.start)) == true)
  }

  @Test("Made-up clients without number keep no other from being heard, nor make a loud one heard again")
  func flood() {
    var limiter = ClientRateLimiter(.usual)
    #expect(admitted(&limiter, 1, count: 60) == 60)
    for stranger in 0..<UInt64(2 * ClientRateLimiter.capacity) {
      _ = admitted(&limiter, 0x1_0000 + stranger, count: 1)
      if stranger % 1000 == 0 { #expect(admitted(&limiter, 0x1000 + stranger / 1000, count: 10) == 10) }
    }
    #expect(admitted(&limiter, 1, count: 1) == 0)
  }

  @Test("A clock that was set back, or forth, silences nobody")
  func clock() {
    var limiter = ClientRateLimiter(.usual)
    #expect(admitted(&limiter, 1, count: 100) == 60)
    #expect(admitted(&limiter, 1, count: 100, at: -3_600_000) == 60)
    #expect(admitted(&limiter, 1, count: 100, at: 86_400_000) == 60)
  }

  /// A boot of everything at its fastest: what each of the captured programs sends until it has an address, each message
  /// forwarded by four relay agents.
  @Test("No firmware comes near it: ROM, UEFI, iPXE and system one after the other, four relay agents, no pause")
  func firmware() throws {
    var limiter = ClientRateLimiter(.usual)
    var packets: [DHCPPacket] = []
    for fixture in [
      Fixture.biosDiscover, Fixture.uefiDiscover, Fixture.uefiBootServerRequest, Fixture.ipxeBIOSDiscover,
      Fixture.ipxeUEFIDiscover, Fixture.udhcpcDiscover, Fixture.udhcpcDiscover,
    ] {
      var packet = try DHCPPacket.read(fixture)
      packet.clientHardware = HardwareAddress(mac(1))
      packets.append(packet)
      guard packet.messageType == .discover else { continue }
      packet.options.set(.messageType, MessageType.request.rawValue)
      packets.append(packet)
    }
    for packet in packets {
      for agent in 1...4 as ClosedRange<UInt32> {
        var packet = packet
        packet.relayAgent = address(250 + agent)
        #expect(limiter.admits(packet, now: Self.start) == true)
      }
    }
  }

  @Test("Nor does a client that nobody answers, whatever it asks with: it is heard each time, for ever")
  func retransmission() throws {
    // Seconds between DISCOVERs: ROMs and EDK2 (PXE 2.1 §2.2), iPXE, busybox, dhclient and systemd-networkd.
    let timers: [(fixture: [UInt8], seconds: [Int64])] = [
      (Fixture.biosDiscover, [4, 8, 16, 32]), (Fixture.uefiDiscover, [4, 8, 16, 32]),
      (Fixture.httpDiscover, [4, 8, 16, 32]), (Fixture.ipxeUEFIDiscover, [1, 2, 4, 8, 10]),
      (Fixture.udhcpcDiscover, [1, 1, 1]), (Fixture.udhcpcDiscover, [2, 4, 8, 16]),
    ]
    var limiter = ClientRateLimiter(.usual)
    for (number, timer) in timers.enumerated() {
      var packet = try DHCPPacket.read(timer.fixture)
      packet.clientHardware = HardwareAddress(mac(UInt64(number)))
      var now: Int64 = 0
      for round in 0..<500 {
        for agent in 1...4 as ClosedRange<UInt32> {
          packet.relayAgent = address(250 + agent)
          #expect(limiter.admits(packet, now: after(now)) == true, "\(number), round \(round)")
        }
        now += 1000 * timer.seconds[round % timer.seconds.count]
      }
    }
  }
}
