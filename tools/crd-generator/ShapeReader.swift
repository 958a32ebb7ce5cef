import BareMetal
import Wire

/// Finds out what JSON a `Decodable` is read from, by letting it read: a decoder that notes what it is asked for, and
/// answers with something that can be read.
///
/// So the schema is what the program really reads, hand-written `init(from:)` included, and nothing has to be said twice.
final class ShapeReader: Decoder {
  /// A type that cannot be described so.
  struct Unreadable: Error, CustomStringConvertible {
    let description: String
  }

  /// What was asked for; `nil` before anything was.
  private(set) var shape: Shape?
  let typeName: String
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  private init(_ typeName: String) { self.typeName = typeName }

  static func shape(of type: any Decodable.Type) throws -> Shape { try read(type).shape }

  /// The type's shape, and any value of it.
  static func read<Value: Decodable>(_ type: Value.Type) throws -> (shape: Shape, value: Value) {
    if let leaf = leaf(type) { return leaf }
    if let list = type as? any ListShaped.Type, let empty = list.empty as? Value {
      return (.list(try shape(of: list.element)), empty)
    }
    if let map = type as? any MapShaped.Type, let empty = map.empty as? Value {
      return (.map(try shape(of: map.element)), empty)
    }
    if let choice = type as? any CaseIterable.Type, let (texts, first) = choices(choice), let value = first as? Value {
      return (.choice(texts, type: name(of: type)), value)
    }
    let reader = ShapeReader(name(of: type))
    let value = try Value(from: reader)
    guard let shape = reader.shape else { return (.object([], type: reader.typeName), value) }
    return (shape, value)
  }

  /// Types that read JSON in their own way.
  private static func leaf<Value>(_ type: Value.Type) -> (shape: Shape, value: Value)? {
    let leaves: [(Shape, Any)] = [
      (.time, Timestamp(seconds: 0)), (.anything, JSONValue.null), (.integerOrText, QuantityQualifier(.number(0))),
    ]
    for (shape, example) in leaves {
      if let value = example as? Value { return (shape, value) }
    }
    return nil
  }

  private static func choices<Cases: CaseIterable>(_ type: Cases.Type) -> (texts: [String], first: Any)? {
    let texts = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    guard let first = type.allCases.first, texts.count == type.allCases.count else { return nil }
    return (texts, first)
  }

  /// `WipePolicy.Scope`, as the sources have it.
  private static func name<Value>(of type: Value.Type) -> String {
    let name = String(reflecting: type)
    return name.hasPrefix("BareMetal.") ? String(name.dropFirst("BareMetal.".count)) : name
  }

  func note(_ field: Shape.Field) {
    guard case .object(var fields, let type)? = shape else { return }
    if let index = fields.firstIndex(where: { $0.name == field.name }) {
      // Asked whether it is there before it is read: it need not be.
      let isRequired = fields[index].isRequired && field.isRequired
      fields[index] = field
      fields[index].isRequired = isRequired
    } else {
      fields.append(field)
    }
    shape = .object(fields, type: type)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    if shape == nil { shape = .object([], type: typeName) }
    return KeyedDecodingContainer(ShapeFields<Key>(reader: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw Unreadable(description: "\(typeName) reads a list by itself")
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { ShapeValue(reader: self) }

  fileprivate func become<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let (shape, value) = try Self.read(type)
    self.shape = shape
    return value
  }

  fileprivate func become<Value>(_ shape: Shape, _ value: Value) -> Value {
    self.shape = shape
    return value
  }
}

/// The fields of an object that notes what it is asked for.
private struct ShapeFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let reader: ShapeReader
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { [] }

  func contains(_ key: Key) -> Bool {
    reader.note(Shape.Field(name: key.stringValue, shape: .anything, isRequired: false))
    return true
  }

  func decodeNil(forKey key: Key) -> Bool { false }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    let (shape, value) = try ShapeReader.read(type)
    reader.note(Shape.Field(name: key.stringValue, shape: shape, isRequired: true))
    return value
  }

  /// Also what is asked for by ``contains(_:)`` first, which is what the standard library makes of it for plain types.
  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    let (shape, value) = try ShapeReader.read(type)
    reader.note(
      Shape.Field(
        name: key.stringValue, shape: shape, isRequired: false, isFalseWhenAbsent: type == FalseWhenAbsent.self))
    return value
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    throw ShapeReader.Unreadable(description: "\(reader.typeName).\(key.stringValue) is read without a type of its own")
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    throw ShapeReader.Unreadable(description: "\(reader.typeName).\(key.stringValue) is read without a type of its own")
  }

  func superDecoder() throws -> any Decoder { reader }
  func superDecoder(forKey key: Key) throws -> any Decoder { reader }
}

/// A value without parts that notes what it is asked for.
private struct ShapeValue: SingleValueDecodingContainer {
  let reader: ShapeReader
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { false }
  func decode(_ type: Bool.Type) throws -> Bool { reader.become(.boolean, false) }
  func decode(_ type: String.Type) throws -> String { reader.become(.text, "") }
  func decode(_ type: Double.Type) throws -> Double { reader.become(.number, 0) }
  func decode(_ type: Float.Type) throws -> Float { reader.become(.number, 0) }
  func decode(_ type: Int.Type) throws -> Int { whole() }
  func decode(_ type: Int8.Type) throws -> Int8 { whole() }
  func decode(_ type: Int16.Type) throws -> Int16 { whole() }
  func decode(_ type: Int32.Type) throws -> Int32 { whole() }
  func decode(_ type: Int64.Type) throws -> Int64 { whole() }
  func decode(_ type: UInt.Type) throws -> UInt { whole() }
  func decode(_ type: UInt8.Type) throws -> UInt8 { whole() }
  func decode(_ type: UInt16.Type) throws -> UInt16 { whole() }
  func decode(_ type: UInt32.Type) throws -> UInt32 { whole() }
  func decode(_ type: UInt64.Type) throws -> UInt64 { whole() }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try reader.become(type) }

  private func whole<Value: FixedWidthInteger>() -> Value { reader.become(.whole(Value.self), 0) }
}

extension Shape {
  /// What a number of that type may be. Kubernetes' own numbers go to 2^63 - 1.
  static func whole<Number: FixedWidthInteger>(_ type: Number.Type) -> Shape {
    .integer(
      minimum: Number.min == Int64.min ? nil : Int64(exactly: Number.min),
      maximum: Int64(exactly: Number.max).flatMap {
        $0 == Int64.max ? nil : $0
      })
  }
}

/// An array, of whatever can be read.
private protocol ListShaped {
  static var element: any Decodable.Type { get }
  static var empty: Self { get }
}

extension Array: ListShaped where Element: Decodable {
  static var element: any Decodable.Type { Element.self }
  static var empty: [Element] { [] }
}

/// A dictionary with texts as keys.
private protocol MapShaped {
  static var element: any Decodable.Type { get }
  static var empty: Self { get }
}

extension Dictionary: MapShaped where Key == String, Value: Decodable {
  static var element: any Decodable.Type { Value.self }
  static var empty: [String: Value] { [:] }
}
