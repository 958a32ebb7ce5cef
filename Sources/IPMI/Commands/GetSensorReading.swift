/// What a sensor shows. IPMI v2.0 §35.14, NetFn Sensor/Event, command 2Dh.
public struct GetSensorReading: IPMICommand {
  public static let networkFunction = NetworkFunction.sensorEvent
  public static let command: UInt8 = 0x2d

  public var sensor: UInt8
  public var lun: UInt8

  public init(sensor: UInt8, lun: UInt8 = 0) {
    self.sensor = sensor
    self.lun = lun
  }

  public var requestData: [UInt8] { [sensor] }

  public struct Response: Hashable, Sendable {
    /// As the sensor counts; ``SensorRecord/value(of:)`` makes it a quantity. `nil`: unavailable, or not scanned.
    public var raw: UInt8?

    /// Of threshold sensors: bit 0 at or below lower non-critical, 1 lower critical, 2 lower non-recoverable, 3 at or
    /// above upper non-critical, 4 upper critical, 5 upper non-recoverable. Of others: states 0…14 that are asserted.
    public var states: UInt16

    /// Of threshold sensors: bits 6 and 7 are reserved, and mostly 1.
    public var thresholds: UInt16 { states & 0x3f }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let raw = try data.byte(at: &offset)
    let flags = try data.byte(at: &offset)
    let states = data.rest(at: &offset)
    let low = UInt16(states.first ?? 0)
    let high = states.count > 1 ? UInt16(states[1] & 0x7f) << 8 : 0
    return Response(raw: flags & 0x20 == 0 && flags & 0x40 != 0 ? raw : nil, states: low | high)
  }
}
