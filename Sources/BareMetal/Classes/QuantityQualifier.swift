/// What a number of the hardware must be: the number itself, as in Sidero, or a text: `>= 64 GiB`, `< 3000`.
public struct QuantityQualifier: Hashable, Sendable {
  /// As it was written.
  public enum Source: Hashable, Sendable {
    case number(UInt64)
    case text(String)
  }

  public let source: Source
  /// What the text says, where it is a comparison.
  let comparisons: [QuantityComparison]?

  public init(_ source: Source) {
    self.source = source
    if case .text(let text) = source { comparisons = QuantityComparison.all(in: text) } else { comparisons = nil }
  }

  /// Nothing is asked for: Sidero's way to leave a field out.
  var isUnset: Bool { source == .number(0) || source == .text("") }
}

extension QuantityQualifier: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let source: Source? =
      switch try container.decode(JSONValue.self) {
      case .integer(let number): UInt64(exactly: number).map { .number($0) }
      case .number(let number): UInt64(exactly: number).map { .number($0) }
      case .string(let text): .text(text)
      default: nil
      }
    guard let source else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a whole number is expected here, or a comparison: '>= 64 GiB', '< 3000'")
    }
    self.init(source)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch source {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}

extension QuantityQualifier: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  public init(integerLiteral number: UInt64) { self.init(.number(number)) }
  public init(stringLiteral text: String) { self.init(.text(text)) }
}
