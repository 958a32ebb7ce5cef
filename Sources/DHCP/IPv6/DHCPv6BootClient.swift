public import Wire

/// What a network boot client says of itself by DHCPv6, read once from its message (RFC 5970).
///
/// A client counts as one when its vendor class (option 16) has a string that begins with `PXEClient` or `HTTPClient`, or
/// when it is iPXE, known by its user class (option 15).
public struct DHCPv6BootClient: Hashable, Sendable {
  /// Intel's, under which the UEFI specification has firmware name itself (UEFI 2.10 §24.3.1 and §24.7.2.2).
  static let enterprise: UInt32 = 343

  /// The client's hardware address, as far as its message says; see ``DHCPv6Arrival/hardwareAddress``.
  public let mac: MACAddress?

  /// Of the machine, where the client is known by it.
  public let uuid: SystemUUID?

  /// The first element of option 61 that we know how to boot, or the first of all; without option 61 the vendor class's
  /// `Arch:` field.
  public let architecture: ClientArchitecture

  /// `nil` for an iPXE that names no other class.
  public let classIdentifier: PXEClient.ClassIdentifier?

  /// The client is iPXE, in whatever firmware: give it a script, not iPXE again.
  public let isIPXE: Bool

  /// `nil` for a client that boots nothing.
  public init?(_ packet: DHCPv6Packet, mac: MACAddress?) {
    let userClasses = packet.options[.userClass].flatMap { DHCPv6Options.strings($0) } ?? []
    let isIPXE = userClasses.contains { $0.elementsEqual("iPXE".utf8) || $0.elementsEqual("gPXE".utf8) }
    let vendorClasses = packet.options[.vendorClass].flatMap { DHCPv6Options.strings($0.dropFirst(4)) } ?? []
    let named = vendorClasses.lazy.compactMap { PXEClient.classIdentifier($0[...]) }.first
    guard isIPXE || named != nil else { return nil }
    self.mac = mac
    self.isIPXE = isIPXE
    classIdentifier = named
    architecture =
      packet.options[.clientArchitecture].flatMap { PXEClient.architecture(list: $0[...]) }
      ?? vendorClasses.lazy.compactMap { PXEClient.architecture(vendorClass: $0[...]) }.first
      ?? .uefiX64
    // EDK2 lays the UUID in its DUID out as SMBIOS has it, iPXE as RFC 6355 does.
    let uuidBytes = packet.clientIdentifier?.uuidBytes
    let read = uuidBytes.flatMap { isIPXE ? SystemUUID(bytes: $0) : SystemUUID(mixedEndian: $0) }
    uuid = read.flatMap { $0.isUnset ? nil : $0 }
  }

  /// Whether the client fetches its boot program by HTTP: by what it calls itself, or by its architecture.
  public var isHTTP: Bool { classIdentifier == .http || (classIdentifier == nil && architecture.transport == .http) }
}

/// What a client is to boot, in the words of DHCPv6.
public struct DHCPv6BootReply: Hashable, Sendable {
  /// Option 59; `nil`: nothing.
  public var url: String?
  /// Option 60. EDK2 takes the first for the file's size in blocks of 512 bytes, so firmware is given none.
  public var parameters: [String]

  public init(url: String? = nil, parameters: [String] = []) {
    self.url = url
    self.parameters = parameters
  }

  /// Nothing.
  public static let none = DHCPv6BootReply()
}
