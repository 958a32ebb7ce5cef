/// Text that strangers send and people read on terminals: SMBIOS strings, file names, an agent's words.
public enum PlainText {
  /// The longest line that is kept or sent on, in bytes.
  public static let lineBytes = 200

  /// One line: control characters (terminal escapes among them) removed, cut at ``lineBytes`` between characters.
  public static func line(_ text: some StringProtocol) -> String {
    // Nearly everything: the properties of characters beyond ASCII are looked up one by one.
    if text.utf8.count <= lineBytes, text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return String(text) }
    var line = ""
    var bytes = 0
    for character in text {
      let kept = String(String.UnicodeScalarView(character.unicodeScalars.filter { !isControl($0) }))
      bytes += kept.utf8.count
      guard bytes <= lineBytes else { break }
      line += kept
    }
    return line
  }

  /// Whether the text has nothing that ``line(_:)`` would remove.
  public static func isPlain(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7e).contains($0) } || !text.unicodeScalars.contains { isControl($0) }
  }

  /// Control and format characters (C0, DEL, C1, bidirectional overrides) and line separators.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }
}
