import Wire

/// What a sensor is and how its reading becomes a quantity: full and compact sensor records. IPMI v2.0 §43.1, §43.2.
public struct SensorRecord: Hashable, Sendable {
  public var identifier: UInt16
  /// The slave address of the controller that has the sensor; 0x20 is the BMC.
  public var owner: UInt8
  public var lun: UInt8
  /// The channel that the owner is on; 0: the BMC's own bus.
  public var channel: UInt8
  public var number: UInt8
  public var entity: UInt8
  public var entityInstance: UInt8
  /// Table 42-3: 1 temperature, 2 voltage, 4 fan, 8 power supply, …
  public var type: UInt8
  /// 1: thresholds; otherwise states.
  public var readingType: UInt8
  /// Table 43-15: 1 °C, 4 V, 5 A, 6 W, 18 RPM, …
  public var unit: UInt8
  public var isPercentage: Bool
  public var name: String

  /// How many sensors a compact record stands for: their numbers follow each other. See ``SensorRecord/sensors``.
  public var shareCount = 1

  /// What is put behind the name of each of them: letters or numbers, from here on.
  var nameModifier = NameModifier(isLetter: false, first: 0)

  struct NameModifier: Hashable, Sendable {
    var isLetter: Bool
    var first: UInt8
  }

  /// `nil` in compact records, which have states only.
  public var conversion: Conversion?

  /// Limits that can be read, in the unit.
  public var thresholds: Thresholds?

  public struct Thresholds: Hashable, Sendable {
    public var lowerNonCritical: Double?
    public var lowerCritical: Double?
    public var lowerNonRecoverable: Double?
    public var upperNonCritical: Double?
    public var upperCritical: Double?
    public var upperNonRecoverable: Double?
  }

  /// `y = L((M·x + B·10^K1) · 10^K2)`, IPMI v2.0 §36.3.
  public struct Conversion: Hashable, Sendable {
    public enum Format: UInt8, Hashable, Sendable {
      case unsigned = 0
      case onesComplement = 1
      case twosComplement = 2
    }

    public var format: Format
    /// −512…511
    public var multiplier: Int
    public var offset: Int
    /// −8…7
    public var offsetExponent: Int
    public var resultExponent: Int
    /// 0 linear, 7 reciprocal, 8 square, 9 cube, 10 square root; the logarithms and powers (1…6, 11) are not computed.
    public var linearization: UInt8

    /// The quantity, or `nil` where the formula has none, or is not computed.
    public func value(of raw: UInt8) -> Double? {
      let x: Double =
        switch format {
        case .unsigned: Double(raw)
        // −0 is 0.
        case .onesComplement: raw & 0x80 == 0 ? Double(raw) : -Double(~raw)
        case .twosComplement: Double(Int8(bitPattern: raw))
        }
      let scaled = Self.scale(Double(offset), by: offsetExponent)
      let y = Self.scale(Double(multiplier) * x + scaled, by: resultExponent)
      switch linearization {
      case 0: return y
      case 7: return y == 0 ? nil : 1 / y
      case 8: return y * y
      case 9: return y * y * y
      case 10: return y < 0 ? nil : y.squareRoot()
      default: return nil
      }
    }

    /// Dividing by a power of ten is exact where multiplying by its inverse is not: 3300 · 10⁻³ shall be 3.3.
    private static func scale(_ number: Double, by exponent: Int) -> Double {
      var power = 1.0
      for _ in 0..<abs(exponent) { power *= 10 }
      return exponent < 0 ? number / power : number * power
    }
  }

  /// A record for each sensor: as many as share this one.
  public var sensors: [SensorRecord] {
    guard shareCount > 1 else { return [self] }
    return (0..<shareCount).map { index in
      var sensor = self
      sensor.shareCount = 1
      sensor.number = number &+ UInt8(clamping: index)
      let position = Int(nameModifier.first) + index
      let suffix =
        nameModifier.isLetter ? String(Character(Unicode.Scalar(UInt8(65 + position % 26)))) : "\(position)"
      sensor.name = name + suffix
      return sensor
    }
  }

  /// The quantity that a reading stands for, if it is one.
  public func value(of reading: GetSensorReading.Response) -> Double? {
    reading.raw.flatMap { conversion?.value(of: $0) }
  }

  /// Reads a whole record; `nil` for one that is not a sensor's (type 01 full, 02 compact).
  public static func parse(_ bytes: Span<UInt8>) throws(IPMIParseError) -> SensorRecord? {
    var offset = 3
    let type = try bytes.byte(at: &offset)
    guard type == 1 || type == 2 else { return nil }
    let length = Int(try bytes.byte(at: &offset))
    let end = offset
    let body = try bytes.range(length, at: &offset)
    return try SensorRecord(bytes.extracting(0..<max(end, body.upperBound)), isFull: type == 1)
  }

  private init(_ record: Span<UInt8>, isFull: Bool) throws(IPMIParseError) {
    var offset = 0
    identifier = try record.word(at: &offset)
    // The part that both forms have.
    offset = 5
    let head = try record.bytes(18, at: &offset)
    owner = head[0]
    lun = head[1] & 0x03
    channel = head[1] >> 4
    number = head[2]
    entity = head[3]
    entityInstance = head[4]
    type = head[7]
    readingType = head[8]
    isPercentage = head[15] & 0x01 != 0
    unit = head[16]
    guard isFull else {
      let sharing = try record.bytes(2, at: &offset)
      shareCount = max(1, Int(sharing[0] & 0x0f))
      nameModifier = NameModifier(isLetter: sharing[0] >> 4 & 0x03 == 1, first: sharing[1] & 0x7f)
      offset = 31
      name = try Self.name(record, at: &offset)
      return
    }
    let factors = try record.bytes(7, at: &offset)
    offset = 36
    let limits = try record.bytes(6, at: &offset)
    offset = 47
    name = try Self.name(record, at: &offset)
    guard let format = Conversion.Format(rawValue: head[15] >> 6) else { return }
    let conversion = Conversion(
      format: format,
      multiplier: Self.signed(UInt16(factors[1]) | UInt16(factors[2] >> 6) << 8, bits: 10),
      offset: Self.signed(UInt16(factors[3]) | UInt16(factors[4] >> 6) << 8, bits: 10),
      offsetExponent: Self.signed(UInt16(factors[6] & 0x0f), bits: 4),
      resultExponent: Self.signed(UInt16(factors[6] >> 4), bits: 4), linearization: factors[0] & 0x7f)
    self.conversion = conversion
    guard readingType == 1 else { return }
    let readable = head[13]
    func limit(_ bit: UInt8, _ raw: UInt8) -> Double? { readable & bit != 0 ? conversion.value(of: raw) : nil }
    thresholds = Thresholds(
      lowerNonCritical: limit(0x01, limits[5]), lowerCritical: limit(0x02, limits[4]),
      lowerNonRecoverable: limit(0x04, limits[3]), upperNonCritical: limit(0x08, limits[2]),
      upperCritical: limit(0x10, limits[1]), upperNonRecoverable: limit(0x20, limits[0]))
  }

  private static func name(_ record: Span<UInt8>, at offset: inout Int) throws(IPMIParseError) -> String {
    try TypedText.name(in: record, at: &offset)
  }

  /// A two's complement number of fewer than 16 bits.
  private static func signed(_ value: UInt16, bits: Int) -> Int {
    let number = Int(value)
    return number >> (bits - 1) & 1 == 0 ? number : number - (1 << bits)
  }
}
