import Wire

/// Part of a FRU's inventory. IPMI v2.0 §34.2, NetFn Storage, command 11h.
public struct ReadFRUInventory: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x11

  /// The device is busy (0x81): try again later.
  public static let busy = CompletionCode(rawValue: 0x81)

  public var device: UInt8
  public var offset: UInt16

  /// BMCs that cannot return so many answer 0xC7, 0xC8 or 0xCA: ask for fewer. 16 always works.
  public var count: UInt8

  /// ``offset`` and ``count`` are in words of two bytes.
  public var isByWords: Bool
  public var lun: UInt8

  public init(device: UInt8 = 0, lun: UInt8 = 0, offset: UInt16, count: UInt8, isByWords: Bool = false) {
    self.device = device
    self.lun = lun & 3
    self.isByWords = isByWords
    self.offset = offset
    self.count = count
  }

  public var requestData: [UInt8] {
    var bytes = [device]
    bytes.append(littleEndian: offset)
    return bytes + [count]
  }

  /// At most as many bytes as asked for; fewer are legal.
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> [UInt8] {
    var offset = 0
    let returned = Int(try data.byte(at: &offset))
    guard returned <= Int(count) else { throw .length(field: "FRU data", value: returned) }
    return try data.bytes(isByWords ? returned * 2 : returned, at: &offset)
  }
}
