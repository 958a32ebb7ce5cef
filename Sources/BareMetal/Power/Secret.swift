/// Text that must never be printed: a password, a key, a token.
///
/// String interpolation, `print`, `dump` and reflection show `<redacted>`; comparison takes the same time wherever two
/// secrets of one length differ. Coded as the plain text: only into what is meant to hold secrets.
public struct Secret: Sendable {
  /// The text, for the one who uses it.
  public let exposedText: String

  public init(_ text: String) { exposedText = text }
}

extension Secret: Hashable {
  public static func == (one: Secret, other: Secret) -> Bool {
    let (one, other) = (one.exposedText.utf8, other.exposedText.utf8)
    guard one.count == other.count else { return false }
    return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(exposedText) }
}

extension Secret: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(exposedText)
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<redacted>" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
