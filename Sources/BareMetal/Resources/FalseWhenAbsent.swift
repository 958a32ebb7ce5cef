/// A field that is read as `false` where it is absent, and always written.
@propertyWrapper
public struct FalseWhenAbsent: Codable, Hashable, Sendable {
  public var wrappedValue: Bool

  public init(wrappedValue: Bool) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    wrappedValue = try decoder.singleValueContainer().decode(Bool.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

extension KeyedDecodingContainer {
  /// What the compiler calls for such a field.
  func decode(_ type: FalseWhenAbsent.Type, forKey key: Key) throws -> FalseWhenAbsent {
    try decodeIfPresent(type, forKey: key) ?? FalseWhenAbsent(wrappedValue: false)
  }
}
