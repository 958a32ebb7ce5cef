extension JSONValue {
  /// What an `Encodable` makes of itself, without a text in between.
  public init(encoding value: some Encodable) {
    let slot = JSONSlot()
    // Nothing that is encoded here throws: numbers that JSON has not become null.
    try? JSONValueEncoder(slot).encode(value)
    self = slot.value
  }
}

/// A place in a tree that is being built.
private final class JSONSlot {
  enum Content {
    case scalar(JSONValue)
    case fields([String: JSONSlot])
    case elements([JSONSlot])
  }

  var content = Content.scalar(.null)

  var value: JSONValue {
    switch content {
    case .scalar(let value): value
    case .fields(let fields): .object(fields.mapValues(\.value))
    case .elements(let elements): .array(elements.map(\.value))
    }
  }

  func field(_ key: String) -> JSONSlot {
    guard case .fields(var fields) = content else { return JSONSlot() }
    content = .scalar(.null)  // so that the map is not copied
    let slot = JSONSlot()
    fields[key] = slot
    content = .fields(fields)
    return slot
  }

  func element() -> JSONSlot {
    guard case .elements(var elements) = content else { return JSONSlot() }
    content = .scalar(.null)
    let slot = JSONSlot()
    elements.append(slot)
    content = .elements(elements)
    return slot
  }
}

private struct JSONValueEncoder: Encoder {
  let slot: JSONSlot
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ slot: JSONSlot) { self.slot = slot }

  func encode(_ value: some Encodable) throws {
    if let value = value as? JSONValue {
      slot.content = .scalar(value)
    } else if let texts = value as? [String] {
      // As it would itself, without a place for each: a class has the names of thousands.
      slot.content = .scalar(.array(texts.map { .string($0) }))
    } else {
      try value.encode(to: self)
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .fields = slot.content {} else { slot.content = .fields([:]) }
    return KeyedEncodingContainer(Fields<Key>(slot: slot))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .elements = slot.content {} else { slot.content = .elements([]) }
    return Elements(slot: slot)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Scalar(slot: slot) }

  struct Fields<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: JSONSlot
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { slot.field(key.stringValue).content = .scalar(.null) }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
      try JSONValueEncoder(slot.field(key.stringValue)).encode(value)
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      JSONValueEncoder(slot.field(key.stringValue)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      JSONValueEncoder(slot.field(key.stringValue)).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { JSONValueEncoder(slot) }
    func superEncoder(forKey key: Key) -> any Encoder { JSONValueEncoder(slot.field(key.stringValue)) }
  }

  struct Elements: UnkeyedEncodingContainer {
    let slot: JSONSlot
    var codingPath: [any CodingKey] { [] }

    var count: Int {
      guard case .elements(let elements) = slot.content else { return 0 }
      return elements.count
    }

    func encodeNil() { slot.element().content = .scalar(.null) }
    func encode<Value: Encodable>(_ value: Value) throws { try JSONValueEncoder(slot.element()).encode(value) }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      JSONValueEncoder(slot.element()).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      JSONValueEncoder(slot.element()).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { JSONValueEncoder(slot.element()) }
  }

  struct Scalar: SingleValueEncodingContainer {
    let slot: JSONSlot
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { slot.content = .scalar(.null) }
    func encode(_ value: Bool) { slot.content = .scalar(.bool(value)) }
    func encode(_ value: String) { slot.content = .scalar(.string(value)) }
    func encode(_ value: Double) { slot.content = .scalar(value.isFinite ? .number(value) : .null) }
    func encode(_ value: Float) { encode(Double(value)) }
    func encode(_ value: Int) { put(value) }
    func encode(_ value: Int8) { put(value) }
    func encode(_ value: Int16) { put(value) }
    func encode(_ value: Int32) { put(value) }
    func encode(_ value: Int64) { put(value) }
    func encode(_ value: UInt) { put(value) }
    func encode(_ value: UInt8) { put(value) }
    func encode(_ value: UInt16) { put(value) }
    func encode(_ value: UInt32) { put(value) }
    func encode(_ value: UInt64) { put(value) }
    func encode<Value: Encodable>(_ value: Value) throws { try JSONValueEncoder(slot).encode(value) }

    private func put(_ value: some FixedWidthInteger) {
      slot.content = .scalar(Int64(exactly: value).map { .integer($0) } ?? .number(Double(value)))
    }
  }
}
