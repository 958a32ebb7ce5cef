import LinuxSystem
import Testing

@Suite("The heap", .serialized)
struct HeapMemoryTests {
  @Test("What is freed goes back to the kernel")
  func trim() throws {
    let before = try #require(HeapMemory.residentBytes)
    #expect(before > 1 << 20)
    var blocks = (0..<65_536).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1000) }
    let full = try #require(HeapMemory.residentBytes)
    #expect(full > before + (48 << 20))
    // One of a hundred stays, so that no heap ends earlier.
    blocks = blocks.enumerated().compactMap { $0.offset.isMultiple(of: 100) ? $0.element : nil }
    HeapMemory.trim()
    #expect(try #require(HeapMemory.residentBytes) < full - (32 << 20))
    #expect(blocks.count == 656)
  }
}
