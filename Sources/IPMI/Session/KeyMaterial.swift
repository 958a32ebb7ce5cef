/// Bytes that must never be printed: a password, Kg, a session key.
///
/// String interpolation, `print`, `dump` and reflection show `<redacted>`; comparison is in constant time.
public struct KeyMaterial: Sendable {
  /// The bytes, for the one who computes with them.
  public let exposedBytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.exposedBytes = bytes }

  /// The UTF-8 bytes of a password.
  public init(password: String) { self.init(Array(password.utf8)) }

  /// The number of bytes.
  public var count: Int { exposedBytes.count }

  /// The bytes, with zeros up to `length`. Longer ones are cut, so check ``count`` first.
  func padded(to length: Int) -> [UInt8] {
    Array(exposedBytes.prefix(length)) + [UInt8](repeating: 0, count: max(0, length - exposedBytes.count))
  }
}

extension KeyMaterial: Equatable {
  public static func == (one: KeyMaterial, other: KeyMaterial) -> Bool {
    ConstantTime.areEqual(one.exposedBytes.span, other.exposedBytes.span)
  }
}

extension KeyMaterial: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<redacted>" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Comparison whose time says nothing about where two codes differ.
enum ConstantTime {
  /// Whether all bytes are equal. Only the lengths, which are public, end it early.
  static func areEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
    guard one.count == other.count else { return false }
    var difference: UInt8 = 0
    for index in one.indices { difference |= one[index] ^ other[index] }
    return difference == 0
  }
}
