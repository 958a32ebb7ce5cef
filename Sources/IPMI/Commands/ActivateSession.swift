import Wire

/// Ends an IPMI 1.5 login; its packet is signed with the password. IPMI v2.0 §22.17, NetFn App, command 3Ah.
public struct ActivateSession: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x3a

  /// All sessions are taken; 0x82 says so of this user, 0x83 of this user at this privilege.
  public static let noSessionSlot = CompletionCode(rawValue: 0x81)
  public static let noSlotForUser = CompletionCode(rawValue: 0x82)
  public static let noSlotForPrivilege = CompletionCode(rawValue: 0x83)
  public static let privilegeTooHigh = CompletionCode(rawValue: 0x86)

  public var authentication: AuthenticationType
  public var privilege: PrivilegeLevel
  /// 16 bytes
  public var challenge: [UInt8]

  /// The number that the BMC's packets to us shall start with; not 0.
  public var firstSequence: UInt32

  public init(
    authentication: AuthenticationType, privilege: PrivilegeLevel, challenge: [UInt8], firstSequence: UInt32
  ) {
    self.authentication = authentication
    self.privilege = privilege
    self.challenge = challenge
    self.firstSequence = firstSequence
  }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    authentication = AuthenticationType(rawValue: try data.byte(at: &offset) & 0x0f)
    privilege = PrivilegeLevel(rawValue: try data.byte(at: &offset))
    challenge = try data.bytes(16, at: &offset)
    firstSequence = try data.doubleWord(at: &offset)
  }

  public var requestData: [UInt8] {
    var bytes: [UInt8] = [authentication.rawValue, privilege.rawValue] + challenge
    bytes.append(littleEndian: firstSequence)
    return bytes
  }

  public struct Response: Hashable, Sendable {
    /// How the session's packets are signed from now on: as asked, or not at all.
    public var authentication: AuthenticationType
    public var sessionID: UInt32

    /// The number that our packets to the BMC have to start with.
    public var firstSequence: UInt32
    public var highestPrivilege: PrivilegeLevel

    public init(
      authentication: AuthenticationType, sessionID: UInt32, firstSequence: UInt32, highestPrivilege: PrivilegeLevel
    ) {
      self.authentication = authentication
      self.sessionID = sessionID
      self.firstSequence = firstSequence
      self.highestPrivilege = highestPrivilege
    }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(
      authentication: AuthenticationType(rawValue: try data.byte(at: &offset) & 0x0f),
      sessionID: try data.doubleWord(at: &offset), firstSequence: try data.doubleWord(at: &offset),
      highestPrivilege: PrivilegeLevel(rawValue: try data.byte(at: &offset)))
  }

  public func responseData(_ response: Response) -> [UInt8] {
    var bytes = [response.authentication.rawValue]
    bytes.append(littleEndian: response.sessionID)
    bytes.append(littleEndian: response.firstSequence)
    return bytes + [response.highestPrivilege.rawValue]
  }
}
