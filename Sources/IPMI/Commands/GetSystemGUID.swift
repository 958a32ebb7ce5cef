import Wire

/// The machine's UUID, as SMBIOS has it. IPMI v2.0 §22.14, NetFn App, command 37h.
///
/// Sixteen bytes, least significant first according to the specification. Many BMCs send them in SMBIOS's order, or
/// RFC 4122's: compare with what SMBIOS says before anything is concluded.
public struct GetSystemGUID: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x37

  public init() {}
  public var requestData: [UInt8] { [] }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> [UInt8] {
    var offset = 0
    return try data.bytes(16, at: &offset)
  }
}
