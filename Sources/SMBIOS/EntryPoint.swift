import Wire

/// Where the structure table is and which version of the specification it follows (SMBIOS 3.7 §5.2).
///
/// ```
/// 2.1 (§5.2.1)  "_SM_" sum length major minor | maximum structure(2) revision formatted(5)
///               "_DMI_" sum | table length(2) table address(4) structures(2) BCD revision
/// 3.0 (§5.2.2)  "_SM3_" sum length major minor docrev | revision 0 maximum table size(4) table address(8)
/// ```
/// Numbers are little-endian; both are all of `/sys/firmware/dmi/tables/smbios_entry_point`.
public struct EntryPoint: Hashable, Sendable {
  /// The version of the specification that the tables follow.
  public struct Version: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let major: UInt8
    public let minor: UInt8

    public init(_ major: UInt8, _ minor: UInt8) {
      self.major = major
      self.minor = minor
    }

    public static func < (one: Version, other: Version) -> Bool { (one.major, one.minor) < (other.major, other.minor) }

    public var description: String { "\(major).\(minor)" }
  }

  public let version: Version

  /// The physical address of the structure table.
  public let tableAddress: UInt64

  /// Bytes the structure table takes: exactly for 2.1, at most for 3.0.
  public let tableLength: Int

  /// How many structures there are, end marker included; 3.0 entry points do not say.
  public let structureCount: Int?

  /// Reads either kind. Bytes behind it are ignored.
  public init(parsing bytes: Span<UInt8>) throws(SMBIOSError) {
    if bytes.starts(with: "_SM3_") {
      try self.init(parsingVersion3: bytes)
    } else if bytes.starts(with: "_SM_") {
      try self.init(parsingVersion2: bytes)
    } else {
      throw .noAnchor
    }
  }

  private init(parsingVersion3 bytes: Span<UInt8>) throws(SMBIOSError) {
    let entry = bytes.extracting(try bytes.checkedEntryPoint(lengthAt: 6, atLeast: 0x18))
    do {
      version = Version(entry[7], entry[8])
      var offset = 0x0c
      tableLength = Int(try entry.readLittleEndianUInt32(at: &offset))
      tableAddress = try entry.readLittleEndianUInt64(at: &offset)
      structureCount = nil
    } catch {
      throw .truncated(error)
    }
  }

  private init(parsingVersion2 bytes: Span<UInt8>) throws(SMBIOSError) {
    // SMBIOS 2.1 gave the length as 1Eh by mistake where 1Fh was meant (§5.2.1, note on offset 05h); 1Eh still covers
    // every field used here.
    let entry = bytes.extracting(try bytes.checkedEntryPoint(lengthAt: 5, atLeast: 0x1e))
    guard entry.extracting(0x10..<entry.count).starts(with: "_DMI_") else { throw .noAnchor }
    do {
      version = Version(entry[6], entry[7])
      var offset = 0x16
      tableLength = Int(try entry.readLittleEndianUInt16(at: &offset))
      tableAddress = UInt64(try entry.readLittleEndianUInt32(at: &offset))
      structureCount = Int(try entry.readLittleEndianUInt16(at: &offset))
    } catch {
      throw .truncated(error)
    }
  }
}

extension Span where Element == UInt8 {
  fileprivate func starts(with text: StaticString) -> Bool {
    let anchor = Array(text.description.utf8)
    guard count >= anchor.count else { return false }
    return anchor.indices.allSatisfy { self[$0] == anchor[$0] }
  }

  /// Where the entry point stands, its length and checksum verified.
  fileprivate func checkedEntryPoint(
    lengthAt lengthOffset: Int, atLeast minimum: Int
  ) throws(SMBIOSError) -> Range<Int> {
    let entry: Range<Int>
    do {
      var offset = lengthOffset
      let length = Int(try readUInt8(at: &offset))
      guard length >= minimum else { throw SMBIOSError.badLength(offset: lengthOffset, length: length) }
      offset = 0
      entry = try readRange(length, at: &offset)
    } catch let error as WireError {
      throw .truncated(error)
    } catch {
      throw error as? SMBIOSError ?? .noAnchor
    }
    var sum: UInt8 = 0
    for index in entry { sum &+= self[index] }
    guard sum == 0 else { throw .badChecksum }
    return entry
  }
}
