import Wire

/// Ends a session and frees its slot, of which a BMC may have only four. IPMI v2.0 §22.19, NetFn App, command 3Ch.
public struct CloseSession: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x3c

  public static let invalidSessionID = CompletionCode(rawValue: 0x87)

  public var sessionID: UInt32

  public init(sessionID: UInt32) { self.sessionID = sessionID }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    sessionID = try data.doubleWord(at: &offset)
  }

  public var requestData: [UInt8] {
    var bytes = [UInt8]()
    bytes.append(littleEndian: sessionID)
    return bytes
  }

  public typealias Response = NoResponse
}
