/// A user's name. IPMI v2.0 §22.29, NetFn App, command 46h.
///
/// A slot nobody uses has an empty name; some BMCs answer with an error instead, Dell's with `(Empty User)`.
public struct GetUserName: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x46

  public var user: UInt8

  public init(user: UInt8) { self.user = user & 0x3f }

  public var requestData: [UInt8] { [user] }

  /// Up to the first zero byte, at most 16 bytes.
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> String {
    var offset = 0
    return String(decoding: try data.bytes(16, at: &offset).prefix { $0 != 0 }, as: UTF8.self)
  }
}
