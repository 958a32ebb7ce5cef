import SMBIOS
import Testing
import Wire

@Suite("Typed structures (§7)")
struct ViewTests {
  @Test(
    "Memory size: MiB, KiB by bit 15, extended, empty, unknown (§7.18.5)",
    arguments: [
      ([0x00, 0x20], nil, .bytes(8192 << 20)),
      ([0x00, 0x82], nil, .bytes(512 << 10)),
      ([0xfe, 0x7f], nil, .bytes(0x7ffe << 20)),
      ([0xff, 0x7f], [0x00, 0x00, 0x01, 0x00], .bytes(64 << 30)),
      ([0xff, 0x7f], [0x00, 0x00, 0x01, 0x80], .bytes(64 << 30)),
      ([0xff, 0x7f], nil, .unknown),
      ([0x00, 0x00], nil, .empty),
      ([0xff, 0xff], nil, .unknown),
    ] as [([UInt8], [UInt8]?, MemoryDevice.Size)])
  func memorySize(size: [UInt8], extended: [UInt8]?, expected: MemoryDevice.Size) throws {
    var fields = [0x0c: size]
    fields[0x1c] = extended
    let table = StructureBuilder.structure(type: 17, length: extended == nil ? 0x1b : 0x28, fields)
    #expect(try #require(table.memoryDevices.first).size == expected)
  }

  @Test(
    "Memory speed: the word, or the extended field when it is FFFFh (§7.18.6)",
    arguments: [
      ([0x60, 0x09], nil, 2400), ([0x00, 0x00], nil, nil), ([0xff, 0xff], nil, nil),
      ([0xff, 0xff], [0x70, 0x11, 0x01, 0x00], 70_000),
    ] as [([UInt8], [UInt8]?, Int?)])
  func memorySpeed(speed: [UInt8], extended: [UInt8]?, expected: Int?) throws {
    var fields: [Int: [UInt8]] = [0x15: speed, 0x20: speed]
    fields[0x54] = extended
    fields[0x58] = extended
    let table = StructureBuilder.structure(type: 17, length: extended == nil ? 0x22 : 0x5c, fields)
    let device = try #require(table.memoryDevices.first)
    #expect(device.speedMegatransfers == expected)
    #expect(device.configuredSpeedMegatransfers == expected)
  }

  @Test(
    "Memory types have their names, unknown numbers theirs",
    arguments: [(0x1a, "DDR4"), (0x22, "DDR5"), (0x99, "type 153")])
  func memoryType(code: UInt8, name: String) throws {
    let table = StructureBuilder.structure(type: 17, length: 0x15, [0x12: [code]])
    #expect(table.memoryDevices.first?.type.description == name)
  }

  @Test(
    "Core counts: the byte, the word when it is FFh, unknown when 0 (§7.5.6)",
    arguments: [
      (24, [0, 0], 0x30, 24), (0, [9, 0], 0x30, nil), (0xff, [0x40, 0x01], 0x30, 320), (0xff, [0xff, 0xff], 0x30, nil),
      (0xff, [0, 0], 0x28, 255),
    ] as [(UInt8, [UInt8], Int, Int?)])
  func coreCount(byte: UInt8, word: [UInt8], length: Int, expected: Int?) throws {
    var fields: [Int: [UInt8]] = [0x18: [0x41], 0x23: [byte], 0x24: [byte], 0x25: [byte]]
    if length >= 0x30 {
      fields[0x2a] = word
      fields[0x2c] = word
      fields[0x2e] = word
    }
    let processor = try #require(StructureBuilder.structure(type: 4, length: length, fields).processors.first)
    #expect(processor.coreCount == expected)
    #expect(processor.enabledCoreCount == expected)
    #expect(processor.threadCount == expected)
  }

  @Test("An empty socket is one", arguments: [(0x00, false), (0x41, true), (0x44, true)])
  func socket(state: UInt8, populated: Bool) throws {
    let table = StructureBuilder.structure(type: 4, length: 0x1a, [0x18: [state]])
    let processor = try #require(table.processors.first)
    #expect(processor.isPopulated == populated)
    #expect(processor.status.rawValue == state & 7)
    #expect(processor.coreCount == nil)
  }

  @Test(
    "The UUID is mixed-endian since 2.6, in text order before (§7.2.1)",
    arguments: [(2, 6, true), (2, 5, false), (3, 0, true)])
  func uuid(major: UInt8, minor: UInt8, mixed: Bool) throws {
    var builder = StructureBuilder()
    builder.add(type: 1, length: 0x1b, [8: Array(0...15)])
    let uuid = builder.table(version: .init(major, minor)).system?.uuid
    #expect(
      uuid?.description
        == (mixed ? "03020100-0504-0706-0809-0a0b0c0d0e0f" : "00010203-0405-0607-0809-0a0b0c0d0e0f"))
  }

  @Test(
    "The kind of chassis is read without the lock bit",
    arguments: [
      (0x97, "Rack Mount Chassis"), (0x01, "Other"), (0x24, "Stick PC"), (0x00, "type 0"), (0x7f, "type 127"),
    ])
  func chassis(code: UInt8, name: String) {
    let table = StructureBuilder.structure(type: 3, length: 9, [5: [code]])
    #expect(table.chassis?.kind?.description == name)
  }

  @Test(
    "How the BMC is reached (§7.39)",
    arguments: [([1], "KCS"), ([4], "SSIF"), ([0], "unknown interface"), ([9], "interface 9")] as [([UInt8], String)])
  func managementInterface(kind: [UInt8], text: String) throws {
    let table = StructureBuilder.structure(type: 38, length: 0x12, [0x04: kind])
    #expect(try #require(table.managementInterface).description == text)
    #expect(StructureBuilder.structure(type: 39, length: 0x12, [0x04: kind]).managementInterface == nil)
    #expect(StructureBuilder.structure(type: 38, length: 4, [:]).managementInterface?.kind == nil)
  }
}
