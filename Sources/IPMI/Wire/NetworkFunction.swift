/// The family a command belongs to. IPMI v2.0 table 5-1. Even numbers are requests, odd ones their responses.
public struct NetworkFunction: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8

  /// The low six bits of `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue & 0x3f }

  public static let chassis = NetworkFunction(rawValue: 0x00)
  public static let sensorEvent = NetworkFunction(rawValue: 0x04)
  public static let application = NetworkFunction(rawValue: 0x06)
  public static let storage = NetworkFunction(rawValue: 0x0a)
  public static let transport = NetworkFunction(rawValue: 0x0c)

  /// The function that answers this one.
  public var response: NetworkFunction { NetworkFunction(rawValue: rawValue | 1) }
}
