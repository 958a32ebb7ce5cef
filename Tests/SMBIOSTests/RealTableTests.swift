import SMBIOS
import Testing
import Wire

@Suite("Tables of real firmware")
struct RealTableTests {
  private func table(_ fixture: Fixture) throws -> StructureTable {
    let (entryPoint, table) = (fixture.entryPoint, fixture.table)
    return try StructureTable(entryPoint: entryPoint.span, table: table.span)
  }

  @Test("SeaBIOS 2.8: every option given to QEMU comes back")
  func seabios() throws {
    let table = try table(Fixtures.seabios)
    #expect(table.problem == nil)
    try expectAcme(table)
    #expect(table.processors.count == 1)
    #expect(table.memoryDevices.map(\.size) == [.bytes(512 << 20)])
  }

  @Test("q35 3.0: two sockets, two modules of different size")
  func q35() throws {
    let table = try table(Fixtures.q35)
    #expect(table.problem == nil)
    try expectAcme(table)
    #expect(table.processors.map(\.socket) == ["CPU 0", "CPU 1"])
    #expect(table.memoryDevices.map(\.size) == [.bytes(16 << 30), .bytes(2 << 30)])
    #expect(table.memoryDevices.map(\.deviceLocator) == ["DIMM 0", "DIMM 1"])
  }

  private func expectAcme(_ table: StructureTable) throws {
    let bios = try #require(table.bios)
    #expect(bios.vendor == "Siderite")
    #expect(bios.version == "1.2")
    #expect(bios.releaseDate == "01/02/2026")
    #expect(bios.isUEFI == false)
    #expect(bios.isVirtualMachine == true)

    let system = try #require(table.system)
    #expect(system.manufacturer == "Acme")
    #expect(system.productName == "Anvil-9000")
    #expect(system.version == "rev3")
    #expect(system.serialNumber == "SN-0001")
    #expect(system.skuNumber == "SKU-7")
    #expect(system.family == "Anvils")
    #expect(system.uuid == SystemUUID("4c4c4544-0042-3510-8054-b7c04f595332"))
    #expect(system.wakeUpType == .powerSwitch)

    let board = try #require(table.baseboards.first)
    #expect(board.manufacturer == "AcmeBoards")
    #expect(board.productName == "AB-1")
    #expect(board.version == "b2")
    #expect(board.serialNumber == "BB-42")
    #expect(board.assetTag == "BAT")

    let chassis = try #require(table.chassis)
    #expect(chassis.manufacturer == "AcmeCases")
    #expect(chassis.kind?.description == "Other")
    #expect(chassis.serialNumber == "CH-9")
    #expect(chassis.assetTag == "CAT")

    for processor in table.processors {
      #expect(processor.manufacturer == "AcmeSilicon")
      #expect(processor.version == "Core-X")
      #expect(processor.serialNumber == "CPU-1")
      #expect(processor.partNumber == "P-1")
      #expect(processor.maximumSpeedMegahertz == 3200)
      #expect(processor.currentSpeedMegahertz == 2100)
      #expect(processor.isPopulated)
      #expect(processor.status == .enabled)
      #expect(processor.coreCount == 2)
      #expect(processor.threadCount == 2)
    }
    for module in table.memoryDevices {
      #expect(module.manufacturer == "AcmeRAM")
      #expect(module.serialNumber == "DIMM-S")
      #expect(module.partNumber == "DIMM-P")
      #expect(module.bankLocator == "BANK0")
      #expect(module.speedMegatransfers == 2666)
      #expect(module.type.description == "RAM")
    }
  }

  @Test("OVMF 2.8: UEFI, and the UUID as given")
  func ovmf() throws {
    let table = try table(Fixtures.ovmf)
    #expect(table.problem == nil)
    #expect(table.bios?.isUEFI == true)
    #expect(table.system?.manufacturer == "QEMU")
    #expect(table.system?.uuid == SystemUUID("4c4c4544-0042-3510-8054-b7c04f595332"))
    #expect(table.memoryDevices.map(\.sizeBytes) == [1 << 30])
  }

  @Test("Cut at any length, what came before is kept and the problem is named", arguments: Fixtures.all.indices)
  func truncated(fixture: Int) throws {
    let bytes = Fixtures.all[fixture].table
    let whole = try table(Fixtures.all[fixture])
    // The end marker is the last structure; its header is enough.
    for length in 0..<(bytes.count - 2) {
      let table = StructureTable(version: whole.version, parsing: Array(bytes[..<length]).span)
      #expect(table.problem != nil, "\(length) bytes")
      #expect(whole.structures.starts(with: table.structures))
      exercise(table)
    }
  }

  @Test("A flipped bit anywhere never traps", arguments: Fixtures.all.indices)
  func flipped(fixture: Int) throws {
    let version = try table(Fixtures.all[fixture]).version
    for index in Fixtures.all[fixture].table.indices {
      for bit in 0..<8 {
        var bytes = Fixtures.all[fixture].table
        bytes[index] ^= 1 << bit
        exercise(StructureTable(version: version, parsing: bytes.span))
      }
    }
  }

  /// Looks at everything there is to look at.
  private func exercise(_ table: StructureTable) {
    _ = (table.bios, table.system, table.baseboards, table.chassis, table.processors)
    _ = table.memoryDevices.map(\.sizeBytes)
    for structure in table.structures { for offset in structure.formatted.indices { _ = structure.string(at: offset) } }
  }
}
