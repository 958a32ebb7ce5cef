public import Wire

/// What a network boot client says of itself, read once from its message.
///
/// A client counts as one when its class identifier (option 60) begins with `PXEClient` or `HTTPClient`, or when it is
/// iPXE, known by option 77 or 175. Any other class (`MSFT 5.0`, `udhcp 1.35`, …) is no boot client.
public struct PXEClient: Hashable, Sendable {
  /// What option 60 calls the client.
  public enum ClassIdentifier: Hashable, Sendable {
    /// `PXEClient…`: the PXE specification 2.1.
    case pxe
    /// `HTTPClient…`: UEFI HTTP boot (UEFI 2.10 §24.7); the reply must carry the same.
    case http
  }

  /// The client's hardware address.
  public let mac: MACAddress

  /// The architecture that the client is served as.
  ///
  /// Option 93 is a list: the first element that we know how to boot is taken, or the first of all. Without option 93
  /// the class identifier's `Arch:` field counts, and without that the client is a BIOS one: ROMs that old are.
  public let architecture: ClientArchitecture

  /// Option 60, or `nil` for an iPXE that does not send one of the two.
  public let classIdentifier: ClassIdentifier?

  /// The client is iPXE (or its ancestor gPXE), in whatever firmware: give it a script, not iPXE again.
  public let isIPXE: Bool

  /// Option 97; `nil` when it is missing, malformed, or all zeros or ones (not set by the board's maker).
  public let uuid: SystemUUID?

  /// Option 97 is there but is not a type 0 and 16 bytes (or empty, as some ROMs send it). Only the option is ignored;
  /// the client boots all the same.
  public let hasMalformedUUID: Bool

  private let vendorClassBytes: ArraySlice<UInt8>

  /// The longest part of option 60 that is shown: what firmware sends has 32 characters.
  private static let vendorClassLimit = 64

  /// Option 60 as text: at most 64 characters, those that are not printable ASCII replaced by `.`.
  public var vendorClass: String {
    String(
      decoding: vendorClassBytes.map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: ".") },
      as: UTF8.self)
  }

  /// BIOS or UEFI, by the architecture.
  public var firmware: ClientArchitecture.Firmware { architecture.firmware }

  /// The processor, by the architecture; `nil` for one that we have nothing for.
  public var processor: ClientArchitecture.Processor? { architecture.processor }

  /// How the client fetches its boot program: its class decides (that is what the reply must echo), and the
  /// architecture where there is no class. iPXE does both; this says what its first request looked like.
  public var transport: ClientArchitecture.Transport {
    switch classIdentifier {
    case .pxe: .tftp
    case .http: .http
    case nil: architecture.transport
    }
  }

  /// Classifies the sender of `packet`; `nil` when it is no network boot client or has no usable Ethernet address.
  public init?(_ packet: DHCPPacket) {
    guard packet.operation == .request, let mac = packet.clientHardware.mac else { return nil }
    let options = packet.options
    let vendorClass = options[.vendorClass] ?? []
    let classIdentifier = Self.classIdentifier(vendorClass)
    let isIPXE = options[.userClass].map(Self.namesIPXE) ?? false || options.contains(.etherboot)
    guard classIdentifier != nil || isIPXE else { return nil }

    self.mac = mac
    self.classIdentifier = classIdentifier
    self.isIPXE = isIPXE
    self.architecture =
      options[.clientArchitecture].flatMap(Self.architecture(list:))
      ?? Self.architecture(vendorClass: vendorClass)
      ?? .biosX86
    switch options[.clientMachineIdentifier] {
    case nil:
      uuid = nil
      hasMalformedUUID = false
    case let value? where value.count == 17 && value.first == 0:
      let read = SystemUUID(mixedEndian: value.dropFirst())
      uuid = read.flatMap { $0.isUnset ? nil : $0 }
      hasMalformedUUID = false
    case let value?:
      uuid = nil
      hasMalformedUUID = !value.isEmpty
    }
    vendorClassBytes = vendorClass.prefix(Self.vendorClassLimit)
  }

  static func classIdentifier(_ value: ArraySlice<UInt8>) -> ClassIdentifier? {
    if value.starts(with: "PXEClient".utf8) { return .pxe }
    if value.starts(with: "HTTPClient".utf8) { return .http }
    return nil
  }

  /// Option 77: a list of length-prefixed strings (RFC 3004), or one bare string as iPXE and gPXE send it.
  private static func namesIPXE(_ value: ArraySlice<UInt8>) -> Bool {
    if isIPXEName(value) { return true }
    var rest = value
    while let count = rest.popFirst(), count > 0, rest.count >= Int(count) {
      if isIPXEName(rest.prefix(Int(count))) { return true }
      rest = rest.dropFirst(Int(count))
    }
    return false
  }

  /// `iPXE` or `gPXE`, with NULs behind it allowed.
  private static func isIPXEName(_ name: ArraySlice<UInt8>) -> Bool {
    let text = name.prefix { $0 != 0 }
    return text.elementsEqual("iPXE".utf8) || text.elementsEqual("gPXE".utf8)
  }

  static func architecture(list: ArraySlice<UInt8>) -> ClientArchitecture? {
    var first: ClientArchitecture?
    var index = list.startIndex
    while index + 1 < list.endIndex {
      let architecture = ClientArchitecture(
        rawValue: UInt16(list[index]) << 8 | UInt16(list[index + 1]))
      if architecture.processor != nil { return architecture }
      first = first ?? architecture
      index += 2
    }
    return first
  }

  /// The five digits of `PXEClient:Arch:00007:UNDI:003016`.
  static func architecture(vendorClass: ArraySlice<UInt8>) -> ClientArchitecture? {
    let fields = vendorClass.split(
      separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
    guard fields.count >= 3, fields[1].elementsEqual("Arch".utf8), fields[2].count == 5 else {
      return nil
    }
    var number: UInt32 = 0
    for digit in fields[2] {
      guard (0x30...0x39).contains(digit) else { return nil }
      number = number * 10 + UInt32(digit - 0x30)
    }
    return UInt16(exactly: number).map { ClientArchitecture(rawValue: $0) }
  }
}
