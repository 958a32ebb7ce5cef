/// How a packet is authenticated, as the first byte of the session header says. IPMI v2.0 table 13-8.
public struct AuthenticationType: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// No authentication code: sessionless messages, and sessions that trust the network.
  public static let none = AuthenticationType(rawValue: 0)

  /// Refused: MD2 is broken, OpenSSL no longer has it, and every BMC that offers it offers MD5 as well.
  public static let md2 = AuthenticationType(rawValue: 1)
  public static let md5 = AuthenticationType(rawValue: 2)

  /// The password itself in each packet. Only when explicitly allowed.
  public static let straight = AuthenticationType(rawValue: 4)
  public static let oem = AuthenticationType(rawValue: 5)

  /// RMCP+: the format of IPMI v2.0, whose own fields say how it is authenticated.
  public static let rmcpPlus = AuthenticationType(rawValue: 6)
}
