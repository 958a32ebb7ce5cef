import Wire

/// Begins an IPMI 1.5 login. IPMI v2.0 §22.16, NetFn App, command 39h.
public struct GetSessionChallenge: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x39

  /// The BMC knows no such user; 0x82 says the same of the null user.
  public static let invalidUserName = CompletionCode(rawValue: 0x81)
  public static let nullUserDisabled = CompletionCode(rawValue: 0x82)

  public var authentication: AuthenticationType
  /// At most 16 bytes; sent padded with zeros.
  public var userName: [UInt8]

  public init(authentication: AuthenticationType, userName: [UInt8]) {
    self.authentication = authentication
    self.userName = Array(userName.prefix(16))
  }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    authentication = AuthenticationType(rawValue: try data.byte(at: &offset) & 0x0f)
    userName = Array(try data.bytes(16, at: &offset).prefix { $0 != 0 })
  }

  public var requestData: [UInt8] { [authentication.rawValue] + KeyMaterial(userName).padded(to: 16) }

  public struct Response: Hashable, Sendable {
    public var temporarySessionID: UInt32
    /// 16 bytes
    public var challenge: [UInt8]

    public init(temporarySessionID: UInt32, challenge: [UInt8]) {
      self.temporarySessionID = temporarySessionID
      self.challenge = challenge
    }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(
      temporarySessionID: try data.doubleWord(at: &offset), challenge: try data.bytes(16, at: &offset))
  }

  public func responseData(_ response: Response) -> [UInt8] {
    var bytes = [UInt8]()
    bytes.append(littleEndian: response.temporarySessionID)
    return bytes + response.challenge
  }
}
