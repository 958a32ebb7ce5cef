extension ConfigNode {
  /// Documents as one YAML stream. The same tree is always the same bytes.
  ///
  /// Block style, two blanks of indentation, text of several lines as literal blocks, everything quoted that some reader
  /// of YAML could take for something else than it is.
  public static func yaml(_ documents: [ConfigNode]) -> String {
    var text = ""
    for (index, document) in documents.enumerated() {
      if index > 0 { text += "---\n" }
      document.write(to: &text, indentation: 0)
    }
    return text
  }

  /// Writes a node that begins at a line's start, or behind `- `.
  private func write(to text: inout String, indentation: Int) {
    switch value {
    case .mapping(let entries) where !entries.isEmpty:
      for (index, entry) in entries.enumerated() {
        if index > 0 { text += String(repeating: " ", count: indentation) }
        text += entry.key.isString ? ConfigScalar.inline(entry.key.text) : entry.key.text
        text += ":"
        entry.value.writeValue(to: &text, indentation: indentation)
      }
    case .sequence(let items) where !items.isEmpty:
      for (index, item) in items.enumerated() {
        if index > 0 { text += String(repeating: " ", count: indentation) }
        text += "-"
        switch item.value {
        case .mapping(let entries) where !entries.isEmpty: fallthrough
        case .sequence where !item.isEmpty:
          text += " "
          item.write(to: &text, indentation: indentation + 2)
        default: item.writeValue(to: &text, indentation: indentation)
        }
      }
    default:
      writeLeaf(to: &text, indentation: indentation)
      text += "\n"
    }
  }

  /// Writes what stands behind `key:` or `-`.
  private func writeValue(to text: inout String, indentation: Int) {
    switch value {
    case .mapping where !isEmpty, .sequence where !isEmpty:
      text += "\n" + String(repeating: " ", count: indentation + 2)
      write(to: &text, indentation: indentation + 2)
    default:
      text += " "
      writeLeaf(to: &text, indentation: indentation)
      text += "\n"
    }
  }

  private var isEmpty: Bool {
    switch value {
    case .mapping(let entries): entries.isEmpty
    case .sequence(let items): items.isEmpty
    case .scalar: false
    }
  }

  private func writeLeaf(to text: inout String, indentation: Int) {
    switch value {
    case .mapping: text += "{}"
    case .sequence: text += "[]"
    case .scalar(let scalar) where !scalar.isString: text += scalar.text.isEmpty ? "null" : scalar.text
    case .scalar(let scalar):
      guard let lines = scalar.blockLines else {
        text += ConfigScalar.inline(scalar.text)
        return
      }
      text += scalar.text.hasSuffix("\n") ? "|" : "|-"
      let blanks = String(repeating: " ", count: indentation + 2)
      for line in lines { text += line.isEmpty ? "\n" : "\n\(blanks)\(line)" }
    }
  }
}

extension ConfigScalar {
  /// The lines of a literal block; `nil` for text that is not to be written as one.
  fileprivate var blockLines: [Substring]? {
    guard text.utf8.contains(0x0a), let first = text.utf8.first, first != 0x20, first != 0x0a, first != 0x09 else {
      return nil
    }
    // Only "clip" and "strip": two line breaks at the end would need "keep", which swallows what follows.
    var body = text[...]
    if body.utf8.last == 0x0a { body.removeLast() }
    guard body.utf8.last != 0x0a, text.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || Self.isPrintable($0) })
    else { return nil }
    return body.split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// Text on one line: as it is where that is safe, else in double quotes.
  fileprivate static func inline(_ text: String) -> String { isSafePlain(text) ? text : quoted(text) }

  private static func isSafePlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last, !isAmbiguous(text) else { return false }
    switch first {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "$"), UInt8(ascii: "("), UInt8(ascii: "+"),
      0x80...0xff:
      break
    case UInt8(ascii: "-"):
      // `- x` is a list, `---` the next document.
      guard text.utf8.count > 1, !text.hasPrefix("- "), !text.hasPrefix("---") else { return false }
    default: return false
    }
    guard last != 0x20, last != UInt8(ascii: ":"), !text.hasPrefix("...") else { return false }
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      guard isPrintable(scalar) else { return false }
      if previous == ":" && scalar == " " || previous == " " && scalar == "#" { return false }
      previous = scalar
    }
    return true
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        let (letter, width) = scalar.value <= 0xff ? ("x", 2) : scalar.value <= 0xffff ? ("u", 4) : ("U", 8)
        quoted += "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
      }
    }
    return quoted + "\""
  }

  /// YAML 1.2 §5.1, without what ends a line in some readers, and the byte order mark.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd, 0x10000...0x10fffd: true
    default: false
    }
  }
}
