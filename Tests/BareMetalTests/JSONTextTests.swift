import BareMetal
import FoundationEssentials
import Testing

@Suite("JSON texts")
struct JSONTextTests {
  @Test(
    "What is JSON reads as Foundation reads it, and is written so that it reads back",
    arguments: [
      "null", " true ", "[]", "{}", "[1, -2, 0, 0.5, -0.25e3, 9223372036854775807, 1e2]", #""""#,
      #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#, #"{"b": [{"c": null}], "a": {"": false}}"#, "18446744073709551615",
    ])
  func valid(text: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(try value == JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
    #expect(try JSONValue(parsing: value.jsonText) == value)
  }

  @Test(
    "What is not is refused",
    arguments: [
      "", " ", "nul", "[1,]", "[1", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "1.", ".5", "-", "+1", "1e", "\"", "\"\\x\"",
      "\"\\ud83d\"", "\"\\ude00\"", "\"\u{01}\"", "1 2", "{\"a\":1,}", "\"\\u+123\"", "--1", "NaN", "1e999",
    ])
  func invalid(text: String) { #expect(throws: JSONParseError.self) { try JSONValue(parsing: text) } }

  @Test("Depth is bounded")
  func depth() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONValue(parsing: nested(JSONValue.maximumDepth))
    #expect(throws: JSONParseError.self) { try JSONValue(parsing: nested(100_000)) }
  }

  @Test("A resource becomes the value that its text reads as")
  func encoding() throws {
    var server = Server(metadata: ObjectMeta(name: "a", labels: ["b": "c"]), spec: ServerSpec(accepted: true))
    server.spec.hardware = HardwareInformation(
      storage: StorageInformation(devices: [StorageDevice(type: "SSD", size: 960_197_124_096)]))
    server.spec.configPatches = [ConfigPatch(op: "add", path: "/a", value: .array([.null, .number(0.5)]))]
    let text = String(decoding: try JSONEncoder().encode(server), as: UTF8.self)
    #expect(try JSONValue(encoding: server) == JSONValue(parsing: text))
  }
}
