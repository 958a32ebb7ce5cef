import BareMetal
import Foundation
import Testing

@testable import siderite

@Suite("The console's escape")
struct ConsoleEscapeTests {
  private func actions(_ pieces: String..., escape: UInt8? = UInt8(ascii: "~")) -> [ConsoleEscape.Action] {
    var parser = ConsoleEscape(character: escape)
    return pieces.flatMap { parser.take(Array($0.utf8)) }
  }

  private func send(_ text: String) -> ConsoleEscape.Action { .send(Array(text.utf8)) }

  @Test("It counts at the begin of a line and nowhere else")
  func lineStart() {
    #expect(actions("~.") == [.end])
    #expect(actions("ls ~.\r") == [send("ls ~.\r")])
    #expect(actions("ls\r~.never") == [send("ls\r"), .end])
    #expect(actions("ls\n~.") == [send("ls\n"), .end])
  }

  @Test("Break, help and the sign itself; what means nothing is sent as it was typed")
  func others() {
    #expect(actions("~B~?~.") == [.sendBreak, .help, .end])
    #expect(actions("~~.x\r") == [send("~.x\r")])
    #expect(actions("~x~.\r~.") == [send("~x~.\r"), .end])
    #expect(actions("~\r~.") == [send("~\r"), .end])
  }

  @Test("A sequence cut between reads is the same, and a sign held back is not sent early")
  func cut() {
    #expect(actions("a\r", "~", ".") == [send("a\r"), .end])
    #expect(actions("~", "x") == [send("~x")])
    #expect(actions("~").isEmpty)
  }

  @Test("Another sign, or none")
  func sign() {
    #expect(actions("~.", escape: UInt8(ascii: "^")) == [send("~.")])
    #expect(actions("^.", escape: UInt8(ascii: "^")) == [.end])
    #expect(actions("~.", "", escape: nil) == [send("~.")])
    #expect(ConsoleEscape.help(UInt8(ascii: "^")).contains("^B"))
  }
}

@Suite("Recordings of consoles")
struct ConsoleRecordingTests {
  private func value(_ line: String) throws -> JSONValue {
    #expect(line.hasSuffix("\n") && line.dropLast().allSatisfy { !$0.isNewline })
    return try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
  }

  @Test("The header is asciicast's")
  func header() throws {
    guard case .object(let header) = try value(ConsoleRecording.header(title: "r1", unixSeconds: 5)) else {
      throw DecodingError.valueNotFound(String.self, .init(codingPath: [], debugDescription: "no object"))
    }
    #expect(header["version"] == .integer(2) && header["timestamp"] == .integer(5) && header["title"] == .string("r1"))
    #expect(header["width"] == .integer(80) && header["height"] == .integer(24))
  }

  @Test("Bytes are text with a time; a character in two pieces is one; what is no text does not stop it")
  func output() throws {
    var recording = ConsoleRecording()
    let first = recording.lines(for: .bytes(Array("a\u{1b}[0m\r\n\"".utf8)), after: 1.23456)
    #expect(try first.map(value) == [.array([.number(1.235), .string("o"), .string("a\u{1b}[0m\r\n\"")])])
    #expect(recording.lines(for: .bytes([0xe2, 0x82]), after: 2).isEmpty)
    let euro = recording.lines(for: .bytes([0xac, 0x41]), after: 3)
    #expect(try euro.map(value) == [.array([.integer(3), .string("o"), .string("€A")])])
    let broken = recording.lines(for: .bytes([0xff, 0x80, 0x80, 0x80, 0x80]), after: 4)
    #expect(broken.count == 1)
    #expect(recording.lines(for: .bytes([]), after: 5).isEmpty)
  }

  @Test("What else happens is a marker")
  func markers() throws {
    var recording = ConsoleRecording()
    for output in [ConsoleOutput.lost, .sentBreak, .ended(reason: "the BMC\u{7} left")] {
      guard case .array(let line) = try value(recording.lines(for: output, after: 1).joined()) else { continue }
      #expect(line.count == 3 && line[1] == .string("m"))
      #expect(line[2] != .string("ended: the BMC\u{7} left"))
    }
  }
}
