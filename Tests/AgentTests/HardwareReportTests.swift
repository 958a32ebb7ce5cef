import BareMetal
import LinuxSystem
import SMBIOS
import Testing
import Wire

@testable import siderite_agent

@Suite("The hardware report")
struct HardwareReportTests {
  /// A structure of `length` bytes with `fields` at their offsets.
  private func structure(
    _ type: UInt8, _ length: Int, _ fields: [Int: [UInt8]], _ strings: [String] = []
  ) -> Structure {
    var formatted = [UInt8](repeating: 0, count: length)
    for (offset, field) in fields { formatted.replaceSubrange(offset..<(offset + field.count), with: field) }
    return Structure(type: type, handle: 0, formatted: formatted, strings: strings)
  }

  private func report(_ structures: [Structure], interfaces: [NetworkInterface] = []) -> HardwareInformation {
    HardwareInformation(
      table: StructureTable(version: .init(3, 0), structures: structures), disks: [], interfaces: interfaces,
      isUEFI: true)
  }

  @Test("Memory is counted in megabytes whatever the table's unit; empty and unknown slots are no modules")
  func memory() {
    let hardware = report([
      structure(17, 0x22, [0x0c: [0x00, 0x40], 0x12: [0x1a], 0x15: [0x6a, 0x0a]]),  // 16384 MiB
      structure(17, 0x22, [0x0c: [0x00, 0xc0], 0x12: [0x1a]]),  // 16384 KiB
      structure(17, 0x22, [0x0c: [0x00, 0x00]]),
      structure(17, 0x22, [0x0c: [0xff, 0xff]]),
    ])
    #expect(hardware.memory?.moduleCount == 2)
    #expect(hardware.memory?.modules?.map(\.size) == [16_384, 16])
    #expect(hardware.memory?.modules?.map(\.type) == ["DDR4", "DDR4"])
    #expect(hardware.memory?.modules?.map(\.speed) == [2666, nil])
    #expect(hardware.memory?.totalSize == "16 GB")
  }

  @Test("Processors are those in a socket")
  func processors() {
    let hardware = report([
      structure(4, 0x30, [0x18: [0x41], 0x16: [0x34, 0x08], 0x23: [24], 0x25: [48]]),
      structure(4, 0x30, [0x18: [0x00], 0x23: [24]]),
    ])
    #expect(hardware.compute?.processorCount == 1)
    #expect(hardware.compute?.totalCoreCount == 24)
    #expect(hardware.compute?.totalThreadCount == 48)
    #expect(hardware.compute?.processors?.first?.speed == 2100)
  }

  @Test("The system's version is filled, and the firmware's mode")
  func system() {
    let hardware = report([
      structure(1, 0x1b, [0x04: [1], 0x06: [2], 0x08: Array(0...15)], ["Acme", "rev3"])
    ])
    #expect(hardware.system?.version == "rev3")
    #expect(hardware.system?.uuid == "03020100-0504-0706-0809-0a0b0c0d0e0f")
    #expect(hardware.firmware?.mode == "uefi")
  }

  @Test("Without SMBIOS there is still what the kernel sees")
  func noTable() {
    let hardware = HardwareInformation(table: nil, disks: [], interfaces: [], isUEFI: false)
    #expect(hardware.system == nil)
    #expect(hardware.memory == nil)
    #expect(hardware.storage?.deviceCount == 0)
    #expect(hardware.firmware?.mode == "bios")
  }

  @Test("Flags are written as Go prints them")
  func flags() {
    #expect(NetworkInterface.Flags(rawValue: 0x1043).text == "up|broadcast|multicast|running")
    #expect(NetworkInterface.Flags(rawValue: 0x1002).text == "broadcast|multicast")
    #expect(NetworkInterface.Flags(rawValue: 0).text == "0")
  }

  @Test("This machine can be read")
  func here() {
    let (hardware, _, _) = HardwareInformation.read()
    #expect(hardware.network?.interfaces?.contains { $0.name == "lo" } == false)
    #expect(!hardware.summary.isEmpty)
  }
}
