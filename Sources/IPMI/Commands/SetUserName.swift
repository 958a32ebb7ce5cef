/// Names a user. IPMI v2.0 §22.28, NetFn App, command 45h.
public struct SetUserName: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x45

  public var user: UInt8
  public var name: [UInt8]

  /// `nil` when the name takes more than 16 bytes of UTF-8.
  public init?(user: UInt8, name: String) {
    guard name.utf8.count <= 16 else { return nil }
    self.user = user & 0x3f
    self.name = Array(name.utf8)
  }

  public var requestData: [UInt8] { [user] + KeyMaterial(name).padded(to: 16) }

  public typealias Response = NoResponse
}
