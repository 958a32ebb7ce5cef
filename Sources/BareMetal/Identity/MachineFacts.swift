public import Wire

/// What a machine can be told by when its UUID cannot be believed: its serial number, and the addresses of its NICs.
public struct MachineFacts: Hashable, Sendable {
  public var manufacturer: String?
  public var product: String?
  /// `nil` when it has none that means anything.
  public var serial: String?
  /// Of every NIC, the boot NIC too.
  public var macs: Set<MACAddress>

  public init(_ hardware: HardwareInformation?, bootMAC: MACAddress? = nil) {
    manufacturer = hardware?.system?.manufacturer
    product = hardware?.system?.productName
    serial = hardware?.system?.serialNumber.flatMap { Self.isPlaceholder($0) ? nil : $0 }
    let all =
      (hardware?.network?.interfaces ?? []).compactMap { $0.mac.flatMap { MACAddress($0) } }
      + [bootMAC].compactMap(\.self)
    macs = Set(all.filter { !$0.isMulticast && $0.bytes.contains { $0 != 0 } })
  }

  /// Whether this is certainly not the machine that `other` tells of: no NIC in common, and not the same serial number.
  /// A NIC that was changed leaves the serial number, a mainboard that was changed leaves NICs on cards.
  public func isAnother(than other: MachineFacts) -> Bool {
    guard !macs.isEmpty, !other.macs.isEmpty, macs.isDisjoint(with: other.macs) else { return false }
    return serial == nil || serial != other.serial
  }

  /// Whether there is something that says it is the machine that `other` tells of.
  public func isSame(as other: MachineFacts) -> Bool {
    !macs.isDisjoint(with: other.macs) || (serial != nil && serial == other.serial && product == other.product)
  }

  /// A UUID made of the serial number and the least hardware address; `nil` when there is neither.
  ///
  /// RFC 9562 §5.8, version 8: 122 bits of two FNV-1a hashes, each mixed. The same machine gets the same one as long as it
  /// keeps both; nobody is kept from making another machine with it, as nobody is kept from lying about a UUID.
  public var derivedUUID: SystemUUID? {
    let least = macs.map(\.description).min()
    guard serial != nil || least != nil else { return nil }
    let text = [manufacturer ?? "", product ?? "", serial ?? "", least ?? ""].joined(separator: "\n")
    let (high, low) = (Self.hash(text, seed: 0x5349_4445_5249_5445), Self.hash(text, seed: 0x6d61_6368_696e_6531))
    return SystemUUID(high: high & ~0xf000 | 0x8000, low: low & ~(0b11 << 62) | 0b10 << 62)
  }

  private static func hash(_ text: String, seed: UInt64) -> UInt64 {
    var hash = 0xcbf2_9ce4_8422_2325 ^ seed
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    // FNV leaves the high bits of short texts alike; SplitMix64's end mixes them.
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }

  /// What boards have for a serial number when nobody gave them one.
  private static func isPlaceholder(_ serial: String) -> Bool {
    let text = serial.lowercased().filter { !$0.isWhitespace }
    let known: Set<String> = [
      "tobefilledbyo.e.m.", "tobefilledbyoem", "defaultstring", "systemserialnumber", "chassisserialnumber",
      "notspecified", "notapplicable", "notavailable", "none", "n/a", "na", "oem", "o.e.m.", "unknown", "empty",
      "0123456789", "123456789", "1234567890", "invalid",
    ]
    return known.contains(text) || Set(text).count <= 1
  }
}

extension MachineFacts: CustomStringConvertible {
  /// `Dell Inc. R650, serial 7Q6RMF1, NIC 52:54:00:12:34:56 and 3 more`
  public var description: String {
    let model = [manufacturer, product].compactMap(\.self).joined(separator: " ")
    let all = macs.map(\.description).sorted()
    let nics = all.first.map { "NIC \($0)\(all.count > 1 ? " and \(all.count - 1) more" : "")" } ?? "no NIC"
    return [model.isEmpty ? "a machine" : model, serial.map { "serial \($0)" } ?? "no serial number", nics]
      .joined(separator: ", ")
  }
}
