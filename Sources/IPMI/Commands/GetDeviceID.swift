import Wire

/// Who the BMC is; also what keeps a session alive. IPMI v2.0 §20.1, NetFn App, command 01h.
public struct GetDeviceID: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x01

  public init() {}
  public init(request data: Span<UInt8>) throws(IPMIParseError) {}

  public var requestData: [UInt8] { [] }

  public struct Response: Hashable, Sendable {
    public var deviceID: UInt8
    public var providesSDRs: Bool
    public var deviceRevision: UInt8

    /// Firmware update or self-initialization in progress: most commands will fail.
    public var isUpdating: Bool
    public var firmwareMajor: UInt8

    /// Two decimal digits, as they read: 42 for version 1.42.
    public var firmwareMinor: UInt8

    /// 0x02 for 2.0, 0x51 for 1.5: the minor digit is in the high four bits.
    public var ipmiVersion: UInt8

    /// Bit 7 chassis, 6 bridge, 5 event generator, 4 event receiver, 3 FRU, 2 SEL, 1 SDR, 0 sensors.
    public var functions: UInt8

    /// An IANA enterprise number of 20 bits.
    public var manufacturer: UInt32
    public var product: UInt16

    /// Four bytes, or none: the field is optional.
    public var auxiliaryRevision: [UInt8]

    public init(
      deviceID: UInt8, providesSDRs: Bool = false, deviceRevision: UInt8 = 1, isUpdating: Bool = false,
      firmwareMajor: UInt8, firmwareMinor: UInt8, ipmiVersion: UInt8 = 0x02, functions: UInt8, manufacturer: UInt32,
      product: UInt16, auxiliaryRevision: [UInt8] = []
    ) {
      self.deviceID = deviceID
      self.providesSDRs = providesSDRs
      self.deviceRevision = deviceRevision
      self.isUpdating = isUpdating
      self.firmwareMajor = firmwareMajor
      self.firmwareMinor = firmwareMinor
      self.ipmiVersion = ipmiVersion
      self.functions = functions
      self.manufacturer = manufacturer
      self.product = product
      self.auxiliaryRevision = auxiliaryRevision
    }

    /// "2.0"
    public var ipmiVersionText: String { "\(ipmiVersion & 0xf).\(ipmiVersion >> 4)" }

    /// "1.42"
    public var firmwareVersionText: String {
      "\(firmwareMajor).\(firmwareMinor < 10 ? "0" : "")\(firmwareMinor)"
    }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let deviceID = try data.byte(at: &offset)
    let revision = try data.byte(at: &offset)
    let major = try data.byte(at: &offset)
    let minor = try data.byte(at: &offset)
    let version = try data.byte(at: &offset)
    let functions = try data.byte(at: &offset)
    let manufacturer = try data.bytes(3, at: &offset)
    let product = try data.word(at: &offset)
    let auxiliary = data.rest(at: &offset)
    return Response(
      deviceID: deviceID, providesSDRs: revision & 0x80 != 0, deviceRevision: revision & 0x0f,
      isUpdating: major & 0x80 != 0, firmwareMajor: major & 0x7f,
      // BCD; a few BMCs send plain binary, which shows as a digit above 9.
      firmwareMinor: minor & 0x0f > 9 || minor >> 4 > 9 ? minor : (minor >> 4) * 10 + (minor & 0x0f),
      ipmiVersion: version, functions: functions,
      manufacturer: UInt32(manufacturer[0]) | UInt32(manufacturer[1]) << 8 | UInt32(manufacturer[2] & 0x0f) << 16,
      product: product, auxiliaryRevision: auxiliary.count >= 4 ? Array(auxiliary.prefix(4)) : [])
  }

  public func responseData(_ response: Response) -> [UInt8] {
    var bytes: [UInt8] = [
      response.deviceID, (response.providesSDRs ? 0x80 : 0) | response.deviceRevision & 0x0f,
      (response.isUpdating ? 0x80 : 0) | response.firmwareMajor & 0x7f,
      response.firmwareMinor > 99
        ? response.firmwareMinor : response.firmwareMinor / 10 << 4 | response.firmwareMinor % 10,
      response.ipmiVersion, response.functions,
    ]
    bytes.append(littleEndian: response.manufacturer & 0x0f_ffff)
    bytes.removeLast()
    bytes.append(littleEndian: response.product)
    return bytes + response.auxiliaryRevision
  }
}
