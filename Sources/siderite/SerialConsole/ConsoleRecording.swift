import BareMetal
import FoundationEssentials
import LinuxSystem

/// What a machine wrote, with times, as asciinema's asciicast v2: a header line, then `[seconds, "o", "text"]` a line.
/// `asciinema play FILE` shows it again; every line is JSON.
///
/// What was lost, breaks and the end are markers (`"m"`).
struct ConsoleRecording {
  private struct Header: Encodable {
    var version = 2
    // Serial consoles have no size; firmware and kernels assume this one.
    var width = 80
    var height = 24
    var timestamp: Int64
    var title: String
  }

  /// The begin of a character whose other bytes have not come yet.
  private var pending: [UInt8] = []

  /// The file's first line.
  static func header(title: String, unixSeconds: Int64) -> String {
    line(Header(timestamp: unixSeconds, title: title))
  }

  /// The lines for what came `seconds` after the begin.
  mutating func lines(for output: ConsoleOutput, after seconds: Double) -> [String] {
    switch output {
    case .bytes(let bytes):
      pending += bytes
      let complete = Self.completeCount(of: pending)
      guard complete > 0 else { return [] }
      let text = String(decoding: pending.prefix(complete), as: UTF8.self)
      pending.removeFirst(complete)
      return [Self.event(seconds, "o", text)]
    case .lost: return [Self.event(seconds, "m", "characters were lost here")]
    case .sentBreak: return [Self.event(seconds, "m", "break")]
    case .ended(let reason): return [Self.event(seconds, "m", "ended: \(PlainText.line(reason))")]
    }
  }

  /// How many bytes do not end inside a UTF-8 character. What is no UTF-8 counts as complete, and is shown as such.
  private static func completeCount(of bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte & 0xc0 == 0x80 { continue }
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return length > back ? bytes.count - back : bytes.count
    }
    return bytes.count
  }

  private static func event(_ seconds: Double, _ code: String, _ text: String) -> String {
    let time = (seconds * 1000).rounded() / 1000
    return line(JSONValue.array([.number(time), .string(code), .string(text)]))
  }

  private static func line(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return ((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null") + "\n"
  }
}
