/// Reads a `Decodable` from a JSON value as people write it: records everything that is wrong with its path, not just
/// the first thing, and every field that the type does not have.
///
/// What is missing or of the wrong type gets an empty value where one can be made, so that reading goes on; a result is
/// good only where nothing was recorded.
final class ManifestDecoder: Decoder {
  /// The problem is recorded already.
  struct Recorded: Error {}

  let value: JSONValue
  let path: String
  let trace: ManifestTrace
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]
  /// The fields that the type asked for, where it asked for fields.
  private(set) var asked: Set<String>?

  init(_ value: JSONValue, _ path: String, _ trace: ManifestTrace) {
    self.value = value
    self.path = path
    self.trace = trace
  }

  /// The whole value, every field of it accounted for.
  func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if let value = value as? Value { return value }
    if let texts = try texts(as: type) { return texts }
    if let choice = ManifestChoice(type), case .string(let text) = value, !choice.values.contains(text) {
      throw failure("'\(PlainText.line(text))' is not one of \(choice.values.joined(separator: ", "))")
    }
    let result: Value
    do {
      result = try Value(from: self)
    } catch is Recorded {
      throw Recorded()
    } catch DecodingError.dataCorrupted(let context) {
      throw failure(context.debugDescription)
    } catch {
      throw failure("cannot be read: \(error)")
    }
    if let asked, case .object(let fields) = value {
      for key in fields.keys.sorted() where !asked.contains(key) {
        trace.recordUnknown(key, among: asked, at: Self.path(key, under: path))
      }
    }
    return result
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let fields) = value else { throw wrong("an object") }
    if asked == nil { asked = [] }
    return KeyedDecodingContainer(ManifestFields<Key>(decoder: self, fields: fields))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = value else { throw wrong("a list") }
    return ManifestElements(decoder: self, elements: elements)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { ManifestScalar(decoder: self) }

  func ask(for key: String) { asked?.insert(key) }

  func child(_ key: String, _ value: JSONValue) -> ManifestDecoder {
    ManifestDecoder(value, Self.path(key, under: path), trace)
  }

  func child(_ index: Int, _ value: JSONValue) -> ManifestDecoder { ManifestDecoder(value, "\(path)[\(index)]", trace) }

  /// Records the message, and gives what is to be thrown.
  func failure(_ message: String) -> Recorded {
    trace.record(message, at: path)
    return Recorded()
  }

  func wrong(_ expected: String) -> Recorded { failure("\(expected) is expected here, not \(value.inWords)") }

  /// `spec.bmc`, `metadata.labels[metal.sidero.dev/rack]`
  static func path(_ key: String, under path: String) -> String {
    let isPlain = key.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
    }
    guard isPlain else { return "\(path)[\(PlainText.line(key))]" }
    return path.isEmpty ? key : "\(path).\(key)"
  }

  /// A map of texts (labels): every wrong one is told, not just the first.
  private func texts<Value>(as type: Value.Type) throws -> Value? {
    guard type == [String: String].self else { return nil }
    guard case .object(let fields) = value else { throw wrong("an object") }
    var texts: [String: String] = [:]
    var isWrong = false
    for (key, field) in fields.sorted(by: { $0.key < $1.key }) {
      do { texts[key] = try child(key, field).string() } catch { isWrong = true }
    }
    if isWrong { throw Recorded() }
    return texts as? Value
  }

  // MARK: Values without parts

  func bool() throws -> Bool {
    if case .bool(let value) = value { return value }
    throw wrong("true or false")
  }

  func string() throws -> String {
    if case .string(let text) = value { return text }
    switch value {
    case .bool, .integer, .number: throw failure("a text is expected here, not \(value.inWords): put it in quotes")
    default: throw wrong("a text")
    }
  }

  func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
    let range = "a whole number from \(Number.min) to \(Number.max)"
    switch value {
    case .integer(let number):
      guard let exact = Number(exactly: number) else { throw wrong(range) }
      return exact
    case .number(let number):
      guard let exact = Number(exactly: number) else { throw wrong(range) }
      return exact
    default: throw wrong("a whole number")
    }
  }

  func number() throws -> Double {
    switch value {
    case .integer(let number): return Double(number)
    case .number(let number): return number
    default: throw wrong("a number")
    }
  }
}

extension JSONValue {
  /// For people who wrote something else than was expected.
  var inWords: String {
    switch self {
    case .null: "nothing"
    case .bool(let value): "\(value)"
    case .integer(let value): "the number \(value)"
    case .number(let value): "the number \(value)"
    case .string(let text): "the text '\(PlainText.line(text))'"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// A type with a closed set of texts.
struct ManifestChoice {
  var values: [String] = []

  init?<Value>(_ type: Value.Type) {
    guard let cases = type as? any CaseIterable.Type else { return nil }
    values = Self.values(cases)
    guard !values.isEmpty else { return nil }
  }

  private static func values<Cases: CaseIterable>(_ type: Cases.Type) -> [String] {
    type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
  }
}
