/// Tells what is typed for the machine from what is meant for us, as ssh does: at the begin of a line `~.` ends, `~B`
/// sends a break, `~?` helps, and `~~` is one `~`.
struct ConsoleEscape {
  enum Action: Equatable {
    case send([UInt8])
    case sendBreak
    case help
    case end
  }

  private enum State {
    case lineStart, inLine, escaped
  }

  /// `nil`: everything is for the machine.
  let character: UInt8?
  private var state = State.lineStart

  init(character: UInt8?) { self.character = character }

  /// What to do about the bytes, in order. Nothing that comes after ``Action/end`` is looked at.
  mutating func take(_ bytes: [UInt8]) -> [Action] {
    guard let character else { return bytes.isEmpty ? [] : [.send(bytes)] }
    var actions: [Action] = []
    var plain: [UInt8] = []
    func flushed(_ action: Action) {
      if !plain.isEmpty { actions.append(.send(plain)) }
      plain = []
      actions.append(action)
    }
    for byte in bytes {
      switch (state, byte) {
      case (.lineStart, character): state = .escaped
      case (.escaped, UInt8(ascii: ".")):
        flushed(.end)
        return actions
      case (.escaped, UInt8(ascii: "B")):
        flushed(.sendBreak)
        state = .lineStart
      case (.escaped, UInt8(ascii: "?")):
        flushed(.help)
        state = .lineStart
      case (.escaped, character):
        plain.append(character)
        state = .inLine
      case (.escaped, _):
        plain += [character, byte]
        state = Self.endsLine(byte) ? .lineStart : .inLine
      case (.lineStart, _), (.inLine, _):
        plain.append(byte)
        state = Self.endsLine(byte) ? .lineStart : .inLine
      }
    }
    if !plain.isEmpty { actions.append(.send(plain)) }
    return actions
  }

  private static func endsLine(_ byte: UInt8) -> Bool { byte == 0x0d || byte == 0x0a }

  /// What `~?` shows.
  static func help(_ character: UInt8) -> String {
    let sign = String(UnicodeScalar(character))
    return """
      \(sign).  end the console
      \(sign)B  send a break (Linux: SysRq)
      \(sign)\(sign)  send \(sign)
      \(sign)?  this help
      (each right after Enter)
      """
  }
}
