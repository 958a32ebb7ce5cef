import SMBIOS
import Testing
import Wire

@Suite("SMBIOS entry points (§5.2)")
struct EntryPointTests {
  @Test("A 2.8 entry point of SeaBIOS")
  func version2() throws {
    let bytes = Fixtures.seabios.entryPoint
    let entry = try EntryPoint(parsing: bytes.span)
    #expect(entry.version == EntryPoint.Version(2, 8))
    #expect(entry.tableLength == Fixtures.seabios.table.count)
    #expect(entry.structureCount == 10)
  }

  @Test("A 3.0 entry point gives a maximum length and no count")
  func version3() throws {
    let bytes = Fixtures.q35.entryPoint
    let entry = try EntryPoint(parsing: bytes.span)
    #expect(entry.version == EntryPoint.Version(3, 0))
    #expect(entry.tableLength >= Fixtures.q35.table.count)
    #expect(entry.structureCount == nil)
  }

  @Test("SMBIOS 2.1's wrong length of 1Eh is read")
  func version21() throws {
    var bytes = Fixtures.seabios.entryPoint
    bytes[5] = 0x1e
    bytes[7] = 1
    bytes[4] = 0
    bytes[4] = 0 &- bytes.prefix(0x1e).reduce(0, &+)
    #expect(try EntryPoint(parsing: bytes.span).version == EntryPoint.Version(2, 1))
  }

  @Test("Cut short, it is refused", arguments: Fixtures.all.indices)
  func truncated(fixture: Int) {
    let bytes = Fixtures.all[fixture].entryPoint
    for length in bytes.indices {
      #expect(throws: SMBIOSError.self) { try EntryPoint(parsing: Array(bytes[..<length]).span) }
    }
  }

  @Test("A flipped bit is refused", arguments: Fixtures.all.indices)
  func flipped(fixture: Int) {
    for index in Fixtures.all[fixture].entryPoint.indices {
      for bit in 0..<8 {
        var bytes = Fixtures.all[fixture].entryPoint
        bytes[index] ^= 1 << bit
        #expect(throws: SMBIOSError.self, "byte \(index) bit \(bit)") { try EntryPoint(parsing: bytes.span) }
      }
    }
  }

  @Test("Something else is refused", arguments: ["", "00", "5f444d495f", "5f534d335f"])
  func noise(hex: String) throws {
    let bytes = try #require(Hexadecimal.bytes(hex))
    #expect(throws: SMBIOSError.self) { try EntryPoint(parsing: bytes.span) }
  }
}
