/// Raises a session above User, where it starts. IPMI v2.0 §22.18, NetFn App, command 3Bh.
public struct SetSessionPrivilegeLevel: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x3b

  public static let notAvailableForUser = CompletionCode(rawValue: 0x80)
  public static let exceedsLimit = CompletionCode(rawValue: 0x81)

  /// 0 asks for the present level.
  public var privilege: PrivilegeLevel

  public init(_ privilege: PrivilegeLevel) { self.privilege = privilege }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    privilege = PrivilegeLevel(rawValue: try data.byte(at: &offset))
  }

  public var requestData: [UInt8] { [privilege.rawValue] }

  /// The level the session now has.
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> PrivilegeLevel {
    var offset = 0
    return PrivilegeLevel(rawValue: try data.byte(at: &offset))
  }

  public func responseData(_ response: PrivilegeLevel) -> [UInt8] { [response.rawValue] }
}
