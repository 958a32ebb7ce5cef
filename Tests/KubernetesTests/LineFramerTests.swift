import NIOCore
import Testing

@testable import Kubernetes

@Suite("Lines of a watch")
struct LineFramerTests {
  private func lines(_ chunks: [String], maximumBytes: Int = 100) throws -> [String] {
    var framer = LineFramer(maximumBytes: maximumBytes)
    var lines: [String] = []
    for chunk in chunks {
      framer.append(ByteBuffer(string: chunk))
      while let line = try framer.next() { lines.append(String(buffer: line)) }
    }
    return lines
  }

  @Test("A stream gives the same lines wherever its chunks end")
  func everyCut() throws {
    let text = "{\"a\":1}\n{\"b\":\"ü\"}\r\n\n{\"c\":3}\n{\"d\":"
    let expected = ["{\"a\":1}", "{\"b\":\"ü\"}\r", "{\"c\":3}"]
    let bytes = Array(text.utf8)
    for size in 1...bytes.count {
      var framer = LineFramer(maximumBytes: 100)
      var lines: [String] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        framer.append(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        while let line = try framer.next() { lines.append(String(buffer: line)) }
      }
      #expect(lines == expected, "chunks of \(size)")
    }
  }

  @Test("What never ends is not kept for ever, and a line of just the limit is read")
  func limit() throws {
    #expect(try lines(["12345\n"], maximumBytes: 5) == ["12345"])
    #expect(throws: LineFramer.Overflow.self) { try lines(["123456\n"], maximumBytes: 5) }
    #expect(throws: LineFramer.Overflow.self) { try lines(["123", "456"], maximumBytes: 5) }
  }
}
