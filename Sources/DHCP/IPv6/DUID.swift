public import Wire

/// What a client or server of DHCPv6 is known by (RFC 8415 §11): a type of two bytes and what it says, 3 to 130 bytes in
/// all, compared as they are and never taken apart to decide whose a lease is.
public struct DUID: Hashable, Sendable {
  /// Type and all, in the order they are sent.
  public let bytes: [UInt8]

  /// `nil` for a number of bytes that no DUID has (RFC 8415 §11.1).
  public init?(bytes: some Collection<UInt8>) {
    guard (3...130).contains(bytes.count) else { return nil }
    self.bytes = Array(bytes)
  }

  /// DUID-UUID (RFC 6355), type 4: what EDK2 and iPXE call themselves by, and we.
  public init(_ uuid: SystemUUID) { bytes = [0, 4] + uuid.bytes }

  private var type: UInt16 { UInt16(bytes[0]) << 8 | UInt16(bytes[1]) }

  /// The Ethernet address inside of DUID-LLT (type 1, behind four bytes of time) and DUID-LL (type 3).
  public var hardwareAddress: MACAddress? {
    let start: Int
    switch type {
    case 1: start = 8
    case 3: start = 4
    default: return nil
    }
    // The hardware type stands behind the type: 1 is Ethernet.
    guard bytes.count == start + 6, bytes[2] == 0, bytes[3] == 1 else { return nil }
    let mac = MACAddress(rawValue: bytes[start...].reduce(0) { $0 << 8 | UInt64($1) })
    return mac.isMulticast || mac == .zero ? nil : mac
  }

  /// The UUID inside of DUID-UUID, its bytes in the order of the text form as RFC 6355 has it. EDK2 sends them as SMBIOS
  /// lays them out, so that those two cannot be told apart by looking at one.
  public var uuidBytes: [UInt8]? { type == 4 && bytes.count == 18 ? Array(bytes[2...]) : nil }
}

extension DUID: CustomStringConvertible {
  /// `00030001525400770002`
  public var description: String { Hexadecimal.text(bytes) }
}
