/// How large a FRU's inventory is. IPMI v2.0 §34.1, NetFn Storage, command 10h.
public struct GetFRUInventoryInfo: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x10

  /// 0 is the machine itself.
  public var device: UInt8

  /// Where the device is asked for: what its record in the SDR repository says.
  public var lun: UInt8

  public init(device: UInt8 = 0, lun: UInt8 = 0) {
    self.device = device
    self.lun = lun & 3
  }
  public var requestData: [UInt8] { [device] }

  public struct Response: Hashable, Sendable {
    public var size: Int
    /// Offsets and counts are in words of two bytes, not in bytes.
    public var isAccessedByWords: Bool
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(size: Int(try data.word(at: &offset)), isAccessedByWords: try data.byte(at: &offset) & 1 != 0)
  }
}
