public import Wire

/// Whom a lease belongs to.
///
/// RFC 2131 §2 keys leases by the client identifier (option 61) where the client sends one. On a boot host that is
/// what goes wrong: the PXE ROM, iPXE and the operating system of one machine send three different identifiers (none,
/// `01` + MAC, a DUID) with the same hardware address and would hold three addresses; and machines cloned from one
/// image send the same identifier with different hardware addresses and would share one. So the default key is the
/// hardware address, and the identifier only where there is no hardware address (RFC 4390, InfiniBand).
/// ``Policy/clientIdentifier`` is the letter of the RFC.
///
/// Either way an identifier of type 1 with the Ethernet address is the same as the address itself.
public struct ClientIdentity: Hashable, Sendable {
  /// Which of the two names a client.
  public enum Policy: Hashable, Sendable {
    /// `chaddr`; option 61 only when there is no `chaddr`.
    case hardwareAddress
    /// Option 61; `chaddr` only when there is no option 61.
    case clientIdentifier
  }

  private enum Storage: Hashable, Sendable {
    case ethernet(MACAddress)
    case bytes([UInt8])
  }

  private let storage: Storage

  /// An Ethernet client.
  public init(_ mac: MACAddress) { storage = .ethernet(mac) }

  /// From bytes as ``bytes`` gives them.
  public init(bytes: some Collection<UInt8>) {
    if bytes.count == 7, bytes.first == 1 {
      storage = .ethernet(
        MACAddress(rawValue: bytes.dropFirst().reduce(0) { $0 << 8 | UInt64($1) }))
    } else {
      storage = .bytes(Array(bytes))
    }
  }

  /// The sender of a message; `nil` when it names itself in no usable way.
  public init?(_ packet: DHCPPacket, policy: Policy) {
    let identifier = packet.clientIdentifier
    if policy == .clientIdentifier, let identifier {
      self.init(bytes: identifier)
    } else if let mac = packet.clientHardware.mac {
      self.init(mac)
    } else if packet.clientHardware.type != 1, packet.clientHardware.length > 0 {
      self.init(bytes: [packet.clientHardware.type] + packet.clientHardware.bytes)
    } else if packet.clientHardware.type != 1, let identifier {
      self.init(bytes: identifier)
    } else {
      return nil
    }
  }

  /// The Ethernet address, if that is what it is.
  var ethernet: MACAddress? {
    switch storage {
    case .ethernet(let mac): mac
    case .bytes: nil
    }
  }

  /// The bytes to keep: hardware type and address, or option 61.
  public var bytes: [UInt8] {
    switch storage {
    case .ethernet(let mac): [1] + mac.bytes
    case .bytes(let bytes): bytes
    }
  }
}

extension ClientIdentity: CustomStringConvertible {
  /// `52:54:00:12:34:56`, or the bytes in hexadecimal.
  public var description: String {
    switch storage {
    case .ethernet(let mac): mac.description
    case .bytes(let bytes): Hexadecimal.text(bytes)
    }
  }
}
