import LinuxSystem
import Testing

@Suite("The heap")
struct HeapMemoryTests {
  @Test("What is freed goes back to the kernel")
  func trim() throws {
    // 128 MB: what other tests do meanwhile is little beside it.
    var blocks = (0..<131_072).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1000) }
    let full = try #require(HeapMemory.residentBytes)
    #expect(full > 128 << 20)
    // One of a hundred stays, so that no heap ends earlier.
    blocks = blocks.enumerated().compactMap { $0.offset.isMultiple(of: 100) ? $0.element : nil }
    HeapMemory.trim()
    #expect(try #require(HeapMemory.residentBytes) < full - (64 << 20))
    #expect(blocks.count == 1311)
  }
}
