public import Wire

extension SystemUUID {
  /// Why no machine is named by this UUID; `nil` when one may be.
  public var unusableReason: Quarantine.Reason? {
    if isUnset { return .unsetUUID }
    return Self.vendorDefaults.contains(self) || Set(bytes).count == 1 ? .vendorDefaultUUID : nil
  }

  /// What boards carry that nobody gave a UUID of their own: the same on every one of them. Collected from what public
  /// inventory and licensing software refuses, and from `dmidecode` listings that people published; UUIDs of one repeated
  /// byte (`11111111-…`, `fefefefe-…`) are refused without being named here.
  private static let vendorDefaults: Set<SystemUUID> = Set(
    [
      // American Megatrends' Aptio as it comes: white-box X99 boards, ASRock, Gigabyte, mini PCs. Seen with BIOS 5.11.
      "03000200-0400-0500-0006-000700080009",
      // The same, read in the other byte order (SMBIOS before 2.6).
      "00020003-0004-0005-0006-000700080009",
      // Unprogrammed boards with Insyde firmware, and others.
      "12345678-1234-5678-90ab-cddeefaabbcc",
      // Counted up; placeholders that several inventory programs pass over.
      "00010203-0405-0607-0809-0a0b0c0d0e0f", "01234567-89ab-cdef-0123-456789abcdef",
      "12345678-1234-5678-1234-567812345678",
      // Half set.
      "ffffff00-ffff-ffff-ffff-ffffffffffff",
      "deadbeef-dead-beef-dead-beefdeadbeef",
    ].compactMap { SystemUUID($0) })
}
