import Wire

/// Part of a record that a controller without a repository has of its own sensors. IPMI v2.0 §35.3, NetFn Sensor/Event,
/// command 21h. Fields as in ``GetSDR``.
public struct GetDeviceSDR: IPMICommand {
  public static let networkFunction = NetworkFunction.sensorEvent
  public static let command: UInt8 = 0x21

  public var part: GetSDR

  public init(_ part: GetSDR) { self.part = part }
  public var requestData: [UInt8] { part.requestData }
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> GetSDR.Response { try part.parse(data) }
}

/// Asks for the number that reading device records in parts takes. IPMI v2.0 §35.4, NetFn Sensor/Event, command 22h.
public struct ReserveDeviceSDRRepository: IPMICommand {
  public static let networkFunction = NetworkFunction.sensorEvent
  public static let command: UInt8 = 0x22

  public init() {}
  public var requestData: [UInt8] { [] }
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> UInt16 { try ReserveSDRRepository().parse(data) }
}
