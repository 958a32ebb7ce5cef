import BareMetal

/// Reading what a controller sent: anything may be missing, or of another type.
extension JSONValue {
  subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }

  /// Text that says something: some services fill in spaces, `N/A`, or nothing.
  var nonEmptyText: String? {
    guard let text = text.map({ HTTPOrigin.printable($0) }), text.contains(where: { $0 != " " }), text != "N/A" else {
      return nil
    }
    return text
  }

  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    // Supermicro and older iDRAC give readings as text.
    case .string(let value): Double(value)
    default: nil
    }
  }

  var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The elements; of anything else none.
  var elements: [JSONValue] {
    guard case .array(let values) = self else { return [] }
    return values
  }

  /// The link to another resource (DSP0266 §8.2).
  var link: String? { self["@odata.id"]?.text }
}
