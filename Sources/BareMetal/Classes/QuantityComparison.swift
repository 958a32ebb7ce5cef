/// `>= 64 GiB`: what a number must be like, in a qualifier. An extension that Sidero's manifests cannot meet by chance: a
/// text is one only when it begins with a relation and goes on with a number and a known unit.
public struct QuantityComparison: Hashable, Sendable {
  public enum Relation: String, Hashable, Sendable {
    case atLeast = ">="
    case atMost = "<="
    case isNot = "!="
    case equals = "=="
    case moreThan = ">"
    case lessThan = "<"
  }

  public var relation: Relation
  public var number: Double
  /// `nil`: the field's own unit.
  public var unit: QuantityUnit?

  /// All comparisons of a text, with commas between several: `>= 64 GiB, < 1 TiB`. `nil`: it is a plain text.
  public static func all(in text: String) -> [QuantityComparison]? {
    var comparisons: [QuantityComparison] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let comparison = QuantityComparison(part) else { return nil }
      comparisons.append(comparison)
    }
    return comparisons
  }

  /// Whether the text begins as a comparison does: what is none then was probably meant to be one.
  public static func isMeant(by text: String) -> Bool { relation(of: text.drop { $0 == " " }) != nil }

  private init?(_ text: Substring) {
    let text = text.drop { $0 == " " }
    guard let relation = Self.relation(of: text) else { return nil }
    self.relation = relation
    let quantity = text.dropFirst(relation.rawValue.count).drop { $0 == " " }
    let digits = quantity.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    guard let number = Double(digits), number.isFinite, digits.first != ".", digits.last != "." else { return nil }
    self.number = number
    var name = quantity.dropFirst(digits.count).drop { $0 == " " }
    while name.last == " " { name = name.dropLast() }
    if name.isEmpty {
      unit = nil
    } else {
      guard let unit = QuantityUnit(rawValue: String(name)) else { return nil }
      self.unit = unit
    }
  }

  private static func relation(of text: Substring) -> Relation? {
    // The longer ones first.
    [Relation.atLeast, .atMost, .isNot, .equals, .moreThan, .lessThan].first { text.hasPrefix($0.rawValue) }
  }

  /// Whether a fact, in the base unit of `dimension`, is so.
  func holds(for fact: Double, _ dimension: QuantityDimension) -> Bool {
    guard let factor = dimension.factor(of: unit) else { return false }
    let limit = number * factor
    return switch relation {
    case .atLeast: fact >= limit
    case .atMost: fact <= limit
    case .isNot: fact != limit
    case .equals: fact == limit
    case .moreThan: fact > limit
    case .lessThan: fact < limit
    }
  }
}

/// The units that a comparison may name.
public enum QuantityUnit: String, Hashable, Sendable, CaseIterable {
  case byte = "B"
  case kilobyte = "kB"
  case kilobyteAsWritten = "KB"
  case megabyte = "MB"
  case gigabyte = "GB"
  case terabyte = "TB"
  case petabyte = "PB"
  case kibibyte = "KiB"
  case mebibyte = "MiB"
  case gibibyte = "GiB"
  case tebibyte = "TiB"
  case pebibyte = "PiB"
  case megahertz = "MHz"
  case gigahertz = "GHz"
  case megatransfers = "MT/s"
}

/// What a number of the hardware counts.
public enum QuantityDimension: Hashable, Sendable {
  /// Cores, modules, interfaces.
  case count
  /// MHz, or megatransfers a second, which people call MHz.
  case megahertz
  /// Bytes of memory: `GB` and its like are powers of 1024, as JEDEC, SMBIOS and Sidero have them. `each`: bytes in one
  /// of the field's own unit; `nil`: it has none.
  case memory(each: Double?)
  /// Bytes of a disk: `GB` and its like are powers of 1000, as those who make disks have them.
  case storage(each: Double?)

  /// How many of the base unit (one; MHz; bytes) a unit is; `nil` where it makes no sense.
  func factor(of unit: QuantityUnit?) -> Double? {
    switch self {
    case .count: unit == nil ? 1 : nil
    case .megahertz:
      switch unit {
      case nil, .megahertz, .megatransfers: 1
      case .gigahertz: 1000
      default: nil
      }
    case .memory(let each): unit.map { $0.bytes(kilo: 1024) } ?? each
    case .storage(let each): unit.map { $0.bytes(kilo: 1000) } ?? each
    }
  }

  /// For people: which units there are.
  var unitsInWords: String {
    switch self {
    case .count: "none"
    case .megahertz: "MHz, GHz or MT/s"
    case .memory, .storage: "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"
    }
  }
}

extension QuantityUnit {
  /// How many bytes; `nil` for what is no size.
  fileprivate func bytes(kilo: Double) -> Double? {
    switch self {
    case .byte: 1
    case .kilobyte, .kilobyteAsWritten: kilo
    case .megabyte: kilo * kilo
    case .gigabyte: kilo * kilo * kilo
    case .terabyte: kilo * kilo * kilo * kilo
    case .petabyte: kilo * kilo * kilo * kilo * kilo
    case .kibibyte: 0x1p10
    case .mebibyte: 0x1p20
    case .gibibyte: 0x1p30
    case .tebibyte: 0x1p40
    case .pebibyte: 0x1p50
    case .megahertz, .gigahertz, .megatransfers: nil
    }
  }
}
