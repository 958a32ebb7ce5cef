/// The fields of an object that is read by ``ManifestDecoder``.
struct ManifestFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: ManifestDecoder
  let fields: [String: JSONValue]
  var codingPath: [any CodingKey] { [] }

  var allKeys: [Key] { fields.keys.sorted().compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool {
    decoder.ask(for: key.stringValue)
    return fields[key.stringValue] != nil
  }

  func decodeNil(forKey key: Key) -> Bool { field(key) == nil }

  func decode(_ type: Bool.Type, forKey key: Key) -> Bool { scalar(key, or: false) { try $0.bool() } }
  func decode(_ type: String.Type, forKey key: Key) -> String { scalar(key, or: "") { try $0.string() } }
  func decode(_ type: Double.Type, forKey key: Key) -> Double { scalar(key, or: 0) { try $0.number() } }
  func decode(_ type: Float.Type, forKey key: Key) -> Float { scalar(key, or: 0) { Float(try $0.number()) } }
  func decode(_ type: Int.Type, forKey key: Key) -> Int { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: Int8.Type, forKey key: Key) -> Int8 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: Int16.Type, forKey key: Key) -> Int16 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: Int32.Type, forKey key: Key) -> Int32 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: Int64.Type, forKey key: Key) -> Int64 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: UInt.Type, forKey key: Key) -> UInt { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: UInt8.Type, forKey key: Key) -> UInt8 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: UInt16.Type, forKey key: Key) -> UInt16 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: UInt32.Type, forKey key: Key) -> UInt32 { scalar(key, or: 0) { try $0.integer(type) } }
  func decode(_ type: UInt64.Type, forKey key: Key) -> UInt64 { scalar(key, or: 0) { try $0.integer(type) } }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    if let null = JSONValue.null as? Value, fields[key.stringValue] == .null { return null }
    guard let value = field(key) else { throw missing(key) }
    return try decoder.child(key.stringValue, value).decoded(type)
  }

  /// Goes on without what cannot be read. An empty text among choices is none, as Sidero has it.
  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    guard let value = field(key) else { return nil }
    if value == .string(""), ManifestChoice(type) != nil { return nil }
    return try? decoder.child(key.stringValue, value).decoded(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try decoder.child(key.stringValue, field(key) ?? .null).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder.child(key.stringValue, field(key) ?? .null).unkeyedContainer()
  }

  func superDecoder() -> any Decoder { decoder }
  func superDecoder(forKey key: Key) -> any Decoder { decoder.child(key.stringValue, field(key) ?? .null) }

  /// The field's value; `null` is as good as absent.
  private func field(_ key: Key) -> JSONValue? {
    decoder.ask(for: key.stringValue)
    guard let value = fields[key.stringValue], value != .null else { return nil }
    return value
  }

  private func scalar<Value>(_ key: Key, or empty: Value, _ read: (ManifestDecoder) throws -> Value) -> Value {
    guard let value = field(key) else {
      _ = missing(key)
      return empty
    }
    return (try? read(decoder.child(key.stringValue, value))) ?? empty
  }

  private func missing(_ key: Key) -> ManifestDecoder.Recorded {
    decoder.child(key.stringValue, .null).failure("is missing")
  }
}

/// The elements of a list that is read by ``ManifestDecoder``.
struct ManifestElements: UnkeyedDecodingContainer {
  let decoder: ManifestDecoder
  let elements: [JSONValue]
  var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  mutating func decodeNil() -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let element = try next()
    do {
      return try element.decoded(type)
    } catch {
      // The list is lost; what else is wrong in it is not.
      while !isAtEnd { _ = try? next().decoded(type) }
      throw error
    }
  }

  mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
  mutating func superDecoder() throws -> any Decoder { try next() }

  private mutating func next() throws -> ManifestDecoder {
    guard !isAtEnd else { throw decoder.failure("more elements are expected here") }
    defer { currentIndex += 1 }
    return decoder.child(currentIndex, elements[currentIndex])
  }
}

/// A value without parts that is read by ``ManifestDecoder``.
struct ManifestScalar: SingleValueDecodingContainer {
  let decoder: ManifestDecoder
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { decoder.value == .null }
  func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool() }
  func decode(_ type: String.Type) throws -> String { try decoder.string() }
  func decode(_ type: Double.Type) throws -> Double { try decoder.number() }
  func decode(_ type: Float.Type) throws -> Float { Float(try decoder.number()) }
  func decode(_ type: Int.Type) throws -> Int { try decoder.integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer(type) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decoded(type) }
}
