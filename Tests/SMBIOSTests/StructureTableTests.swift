import SMBIOS
import Testing
import Wire

@Suite("Structure tables (§6)")
struct StructureTableTests {
  @Test("Strings are numbered from 1; 0, too large a number and a blank string are nil")
  func strings() throws {
    let table = StructureBuilder.structure(
      type: 2, length: 8, [4: [1], 5: [2], 6: [0], 7: [4]], strings: ["Acme", "  ", "unused"])
    let board = try #require(table.baseboards.first)
    #expect(board.manufacturer == "Acme")
    #expect(board.productName == nil)
    #expect(board.version == nil)
    #expect(board.serialNumber == nil)
    #expect(table.structures.map(\.strings) == [["Acme", "", "unused"]])
  }

  @Test("Strings are trimmed, bytes outside printable ASCII replaced, placeholders kept")
  func stringText() {
    let table = StructureBuilder.structure(
      type: 2, length: 8, [4: [1], 5: [2], 6: [3], 7: [4]],
      strings: ["  padded   ", "Ac\u{e9}me\t", "To Be Filled By O.E.M.", "Not Specified"])
    let board = table.baseboards.first
    #expect(board?.manufacturer == "padded")
    #expect(board?.productName == "Ac..me.")
    #expect(board?.version == "To Be Filled By O.E.M.")
    #expect(board?.serialNumber == "Not Specified")
  }

  @Test("A very long string is cut")
  func longString() {
    let table = StructureBuilder.structure(
      type: 2, length: 5, [4: [1]], strings: [String(repeating: "x", count: 100_000)])
    #expect(table.baseboards.first?.manufacturer?.utf8.count == StructureTable.maximumStringBytes)
    #expect(table.problem == nil)
  }

  @Test("Nothing behind the end marker is read")
  func endMarker() {
    var builder = StructureBuilder()
    builder.add(type: 2, length: 8)
    builder.end()
    builder.add(type: 2, length: 8)
    #expect(builder.table().structures.count == 1)
    #expect(builder.table().problem == nil)
  }

  @Test("A length below the header's ends the walk", arguments: [UInt8(0), 3])
  func shortLength(length: UInt8) {
    var builder = StructureBuilder()
    builder.add(type: 2, length: 8)
    let table = StructureTable(version: .init(3, 0), parsing: (builder.bytes + [1, length, 0, 0, 0, 0]).span)
    #expect(table.structures.count == 1)
    #expect(table.problem == .badLength(offset: builder.bytes.count + 1, length: Int(length)))
  }

  @Test("A length that reaches outside ends the walk")
  func longLength() {
    let table = StructureTable(version: .init(3, 0), parsing: ([1, 200, 0, 0, 0, 0] as [UInt8]).span)
    #expect(table.structures.isEmpty)
    #expect(table.problem == .truncated(.truncated(offset: 0, needed: 200, available: 6)))
  }

  @Test("More structures than any machine has are not read")
  func tooMany() {
    var builder = StructureBuilder()
    for _ in 0...StructureTable.maximumStructures { builder.add(type: 126, length: 4) }
    let table = builder.table()
    #expect(table.structures.count == StructureTable.maximumStructures)
    #expect(table.problem == .tooManyStructures(limit: StructureTable.maximumStructures))
  }

  @Test("A structure of an old version lacks the newer fields")
  func shortStructures() throws {
    let table = StructureBuilder.structure(type: 1, length: 8, [4: [1]], strings: ["Acme"])
    let system = try #require(table.system)
    #expect(system.manufacturer == "Acme")
    #expect(system.uuid == nil)
    #expect(system.wakeUpType == nil)
    #expect(system.skuNumber == nil)
  }
}
