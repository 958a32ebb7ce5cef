/// The number of a DHCPv6 option, two bytes (RFC 8415 §21.1).
public struct DHCPv6OptionCode: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// A DUID (RFC 8415 §21.2).
  public static let clientIdentifier = DHCPv6OptionCode(rawValue: 1)
  /// A DUID (RFC 8415 §21.3).
  public static let serverIdentifier = DHCPv6OptionCode(rawValue: 2)
  /// IA_NA (RFC 8415 §21.4).
  public static let identityAssociation = DHCPv6OptionCode(rawValue: 3)
  /// IAADDR, inside of 3 (RFC 8415 §21.6).
  public static let identityAssociationAddress = DHCPv6OptionCode(rawValue: 5)
  /// ORO: a list of option numbers (RFC 8415 §21.7).
  public static let optionRequest = DHCPv6OptionCode(rawValue: 6)
  /// One byte; 255: look no further (RFC 8415 §21.8).
  public static let preference = DHCPv6OptionCode(rawValue: 7)
  /// A number of two bytes and a text (RFC 8415 §21.13).
  public static let statusCode = DHCPv6OptionCode(rawValue: 13)
  /// Two messages instead of four (RFC 8415 §21.14).
  public static let rapidCommit = DHCPv6OptionCode(rawValue: 14)
  /// A list of length-prefixed strings (RFC 8415 §21.15): iPXE names itself there.
  public static let userClass = DHCPv6OptionCode(rawValue: 15)
  /// An enterprise number and a list of length-prefixed strings (RFC 8415 §21.16).
  public static let vendorClass = DHCPv6OptionCode(rawValue: 16)
  /// Addresses (RFC 3646 §3).
  public static let nameServers = DHCPv6OptionCode(rawValue: 23)
  /// Names in DNS form (RFC 3646 §4).
  public static let domainSearchList = DHCPv6OptionCode(rawValue: 24)
  /// Four bytes of enterprise number and a name (RFC 4704).
  public static let fullyQualifiedDomainName = DHCPv6OptionCode(rawValue: 39)
  /// A URL, no NUL at its end (RFC 5970 §3.1).
  public static let bootFileURL = DHCPv6OptionCode(rawValue: 59)
  /// A list of length-prefixed strings (RFC 5970 §3.2).
  public static let bootFileParameters = DHCPv6OptionCode(rawValue: 60)
  /// A list of architectures, as option 93 of DHCPv4 (RFC 5970 §3.3).
  public static let clientArchitecture = DHCPv6OptionCode(rawValue: 61)
}

extension DHCPv6OptionCode: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
