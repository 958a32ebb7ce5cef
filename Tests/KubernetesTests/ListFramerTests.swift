import NIOCore
import Testing

@testable import Kubernetes

@Suite("Objects of a list")
struct ListFramerTests {
  /// The objects, and what is around them, in chunks of `size` bytes.
  private func cut(_ text: String, size: Int, maximumBytes: Int = 1000) throws -> (objects: [String], envelope: String)
  {
    var framer = ListFramer(maximumBytes: maximumBytes)
    var objects: [String] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      let chunk = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
      objects += try framer.append(chunk).map { String(buffer: $0) }
    }
    #expect(framer.isWhole)
    return (objects, String(buffer: framer.envelope))
  }

  @Test("A list gives the same objects wherever its chunks end, and whatever stands in them")
  func everyCut() throws {
    let objects = [
      #"{"metadata":{"name":"a","items":[1,{"items":["x"]}]}}"#, #"{}"#, #"{"t":"]}\"},{\\","items":[]}"#,
      #"{"ü":{"a":[[],[{}]]}}"#,
    ]
    let text =
      #"{"apiVersion":"v1","items" : [ "# + objects.joined(separator: " ,\n ")
      + #" ],"kind":"List","metadata":{"resourceVersion":"7","items":[{"no":"object"}],"continue":"\"items\":["}}"#
    let envelope =
      #"{"apiVersion":"v1","items" : [],"kind":"List","metadata":{"resourceVersion":"7","#
      + #""items":[{"no":"object"}],"continue":"\"items\":["}}"#
    for size in 1...text.utf8.count {
      let found = try cut(text, size: size)
      #expect(found.objects == objects, "chunks of \(size)")
      #expect(found.envelope == envelope, "chunks of \(size)")
    }
  }

  @Test(
    "A list without objects has none",
    arguments: [
      #"{"items":[],"metadata":{}}"#, #"{"items":null,"metadata":{}}"#, #"{"metadata":{}}"#,
      #"{"metadata":{"items":[{}]}}"#, #"{"other":"items","more":[{}]}"#, #"{"itemsandmore":[{}],"item":[{}]}"#,
    ])
  func none(text: String) throws {
    for size in 1...text.utf8.count {
      let found = try cut(text, size: size)
      #expect(found.objects.isEmpty)
      #expect(found.envelope == text)
    }
  }

  @Test("An object of just the limit is read; a longer one, endless depth and what is no list are refused")
  func limits() throws {
    #expect(try cut(#"{"items":[{"a":12}]}"#, size: 3, maximumBytes: 8).objects == [#"{"a":12}"#])
    for text in [
      #"{"items":[{"a":123}]}"#, #"{"items":[{"a":123"#, #"{"items":[7]}"#, #"{"items":["a"]}"#, #"{"items":[[]]}"#,
      "}", #"{"items":[{}]]}"#, String(repeating: "[", count: 600),
    ] {
      #expect(throws: ListFramer.Malformed.self, "\(text)") {
        var framer = ListFramer(maximumBytes: 8)
        _ = try framer.append(ByteBuffer(string: text))
        // Closes more than it opens, when the rest comes.
        _ = try framer.append(ByteBuffer(string: "}}"))
      }
    }
  }
}
