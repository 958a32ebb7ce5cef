import DHCP
import Foundation
import TFTP
import Testing
import Wire

/// `UPDATE_GOLDEN=1` writes the texts anew after new captures.
@Suite("Captured boots, read")
struct GoldenTests {
  @Test("there are captures of each way to boot")
  func present() {
    #expect(
      CapturedBoot.all.map(\.name) == ["bios-proxy", "bios-server", "uefi-http", "uefi-proxy", "uefi-server"])
  }

  @Test("every datagram is as its golden text says", arguments: CapturedBoot.all)
  func golden(boot: CapturedBoot) throws {
    let text = try boot.datagrams.map { try $0.text }.joined()
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try text.write(to: boot.golden, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: boot.golden, encoding: .utf8) == text)
  }

  @Test("every message, written and read again, is the same", arguments: CapturedBoot.all)
  func roundTrip(boot: CapturedBoot) throws {
    for datagram in try boot.datagrams {
      if datagram.isDHCP {
        let packet = try DHCPPacket.read(datagram.payload)
        #expect(try DHCPPacket.read(packet.serialized) == packet)
      } else {
        let packet = try TFTPPacket(parsing: datagram.payload.span)
        var bytes = packet.bytes
        if case .data(_, let content) = packet { bytes += datagram.payload[content] }
        #expect(bytes == datagram.payload)
      }
    }
  }

  @Test("the reader takes both byte orders and refuses what is cut")
  func reader() throws {
    let frame: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0x77, 0x00, 0x01, 0x08, 0x00, 0x00]
    /// A file of one frame; numbers as `write` orders their bytes.
    func file(_ write: (UInt32) -> [UInt8]) -> [UInt8] {
      write(0xa1b2_c3d4) + [UInt8](repeating: 0, count: 12) + write(262_144) + write(1)
        + write(1_700_000_000) + write(0) + write(15) + write(15) + frame
    }
    let big = file { number in stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) } }
    let little = file { number in stride(from: 0, through: 24, by: 8).map { UInt8(truncatingIfNeeded: number >> $0) } }
    for bytes in [little, big] {
      #expect(try PCAPReader.frames(bytes) == [PCAPReader.Frame(seconds: 1_700_000_000, bytes: frame)])
      for count in 1..<bytes.count where count != 24 {
        #expect(throws: (any Error).self) { try PCAPReader.frames(Array(bytes.prefix(count))) }
      }
    }
  }
}
