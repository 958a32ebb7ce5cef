public import Wire

/// What one interface of a client has: option IA_NA (RFC 8415 §21.4).
/// ```
/// | IAID (4) | T1 (4) | T2 (4) | options: IAADDR, status code |
/// ```
/// Times in seconds.
public struct IdentityAssociation: Hashable, Sendable {
  /// An address in it: option IAADDR (RFC 8415 §21.6).
  public struct Address: Hashable, Sendable {
    public var address: IPv6Address
    /// For new connections.
    public var preferredSeconds: UInt32
    /// For any.
    public var validSeconds: UInt32

    public init(_ address: IPv6Address, preferredSeconds: UInt32, validSeconds: UInt32) {
      self.address = address
      self.preferredSeconds = preferredSeconds
      self.validSeconds = validSeconds
    }
  }

  /// Chosen by the client: one for each of its interfaces.
  public var identifier: UInt32
  /// T1: when the client is to renew.
  public var renewSeconds: UInt32
  /// T2: when it is to ask any server.
  public var rebindSeconds: UInt32
  public var addresses: [Address]
  public var status: DHCPv6Status?

  public init(identifier: UInt32, addresses: [Address] = [], status: DHCPv6Status? = nil) {
    self.identifier = identifier
    renewSeconds = 0
    rebindSeconds = 0
    self.addresses = addresses
    self.status = status
  }

  /// Reads an option's value.
  public init(parsing bytes: Span<UInt8>) throws(DHCPv6ParseError) {
    var offset = 0
    do {
      identifier = try bytes.readUInt32(at: &offset)
      renewSeconds = try bytes.readUInt32(at: &offset)
      rebindSeconds = try bytes.readUInt32(at: &offset)
    } catch {
      throw .badOption(.identityAssociation, length: bytes.count)
    }
    let options = try DHCPv6Options(parsing: bytes.extracting(offset..<bytes.count))
    addresses = []
    for value in options.all(.identityAssociationAddress) { addresses.append(try Address(parsing: value.span)) }
    status = try options[.statusCode].map { (value) throws(DHCPv6ParseError) in try DHCPv6Status(parsing: value.span) }
  }

  /// The option's value.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: identifier)
    bytes.append(bigEndian: renewSeconds)
    bytes.append(bigEndian: rebindSeconds)
    var options = DHCPv6Options()
    for address in addresses { options.append(.identityAssociationAddress, address.bytes) }
    if let status { options.append(.statusCode, status.bytes) }
    options.serialize(into: &bytes)
    return bytes
  }
}

extension IdentityAssociation.Address {
  init(parsing bytes: Span<UInt8>) throws(DHCPv6ParseError) {
    var offset = 0
    do {
      address = try bytes.readIPv6Address(at: &offset)
      preferredSeconds = try bytes.readUInt32(at: &offset)
      validSeconds = try bytes.readUInt32(at: &offset)
    } catch {
      throw .badOption(.identityAssociationAddress, length: bytes.count)
    }
    _ = try DHCPv6Options(parsing: bytes.extracting(offset..<bytes.count))
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(address)
    bytes.append(bigEndian: preferredSeconds)
    bytes.append(bigEndian: validSeconds)
    return bytes
  }
}

/// How a request went: option 13 (RFC 8415 §21.13), in a message or in an IA.
public struct DHCPv6Status: Hashable, Sendable {
  public var code: UInt16
  /// For people.
  public var message: String

  public init(code: UInt16, message: String) {
    self.code = code
    self.message = message
  }

  /// 0
  public static let success = DHCPv6Status(code: 0, message: "done")
  /// 2
  public static let noAddressesAvailable = DHCPv6Status(code: 2, message: "no address is free")
  /// 3
  public static let noBinding = DHCPv6Status(code: 3, message: "not known here")
  /// 4
  public static let notOnLink = DHCPv6Status(code: 4, message: "no address of this link")
  /// 5
  public static let useMulticast = DHCPv6Status(code: 5, message: "ask by multicast")

  init(parsing bytes: Span<UInt8>) throws(DHCPv6ParseError) {
    var offset = 0
    do {
      code = try bytes.readUInt16(at: &offset)
      message = String(decoding: try bytes.readBytes(bytes.count - offset, at: &offset), as: UTF8.self)
    } catch {
      throw .badOption(.statusCode, length: bytes.count)
    }
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: code)
    return bytes + message.utf8
  }
}
