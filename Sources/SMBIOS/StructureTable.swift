import Wire

/// Every structure of a machine's table (SMBIOS 3.7 §6), as far as it could be read.
///
/// The table is the word of the firmware, and firmware errs: lengths that reach outside, strings that never end, no end
/// marker, a structure count that is wrong. What stands before the first such place is kept; ``problem`` says what it
/// was. The count of a 2.1 entry point is not trusted at all (as in Linux and dmidecode, the end marker decides).
public struct StructureTable: Equatable, Sendable {
  /// More than this many structures are not read: the largest servers have about a thousand.
  public static let maximumStructures = 8192

  /// Longer strings are cut to this many bytes: 2.6 and older allowed 64, newer versions set no limit.
  public static let maximumStringBytes = 256

  /// The version of the specification the table follows.
  public let version: EntryPoint.Version

  /// In the order of the table, the end marker (type 127) left out.
  public let structures: [Structure]

  /// Why reading stopped before the end marker; `nil` when it did not.
  public let problem: SMBIOSError?

  public init(version: EntryPoint.Version, structures: [Structure], problem: SMBIOSError? = nil) {
    self.version = version
    self.structures = structures
    self.problem = problem
  }

  /// Reads the entry point and the table it describes: the files `smbios_entry_point` and `DMI` of
  /// `/sys/firmware/dmi/tables`.
  public init(entryPoint: Span<UInt8>, table: Span<UInt8>) throws(SMBIOSError) {
    let entry = try EntryPoint(parsing: entryPoint)
    // The length of a 2.1 entry point is exact, 3.0's a maximum; either way nothing behind it belongs to the table.
    let length = min(table.count, entry.tableLength)
    self.init(version: entry.version, parsing: table.extracting(0..<length))
  }

  /// Reads the structures of a table.
  public init(version: EntryPoint.Version, parsing table: Span<UInt8>) {
    var structures = [Structure]()
    var problem: SMBIOSError?
    var offset = 0
    do {
      while let structure = try Self.readStructure(table, at: &offset) {
        guard structures.count < Self.maximumStructures else {
          throw SMBIOSError.tooManyStructures(limit: Self.maximumStructures)
        }
        structures.append(structure)
      }
    } catch let error as WireError {
      problem = .truncated(error)
    } catch {
      problem = error as? SMBIOSError
    }
    self.init(version: version, structures: structures, problem: problem)
  }

  /// The next structure; `nil` at the end marker.
  private static func readStructure(_ table: Span<UInt8>, at offset: inout Int) throws -> Structure? {
    let start = offset
    let type = try table.readUInt8(at: &offset)
    let length = Int(try table.readUInt8(at: &offset))
    let handle = try table.readLittleEndianUInt16(at: &offset)
    guard length >= 4 else { throw SMBIOSError.badLength(offset: start + 1, length: length) }
    // Type 127 ends the table (§7.45); what old firmware leaves behind it is not to be looked at.
    if type == 127 { return nil }
    offset = start
    let formatted = try table.readBytes(length, at: &offset)

    var strings = [String]()
    while true {
      let text = try readString(table, at: &offset)
      if let text {
        strings.append(text)
        continue
      }
      // The empty string ends the list; without any string there are two zero bytes (§6.1.3).
      if strings.isEmpty { _ = try table.readRange(1, at: &offset) }
      return Structure(type: type, handle: handle, formatted: formatted, strings: strings)
    }
  }

  /// The next string with its zero byte; `nil` for the empty one. Bytes outside printable ASCII become `.` (as
  /// dmidecode shows them), blanks at both ends go.
  private static func readString(_ table: Span<UInt8>, at offset: inout Int) throws(WireError) -> String? {
    let start = offset
    while try table.readUInt8(at: &offset) != 0 {}
    let bytes = table.extracting(start..<(offset - 1))
    if bytes.isEmpty { return nil }
    var text = ""
    for index in 0..<min(bytes.count, maximumStringBytes) {
      text.unicodeScalars.append((0x20...0x7e).contains(bytes[index]) ? Unicode.Scalar(bytes[index]) : ".")
    }
    let blank: (Character) -> Bool = { $0 == " " }
    guard let first = text.firstIndex(where: { !blank($0) }), let last = text.lastIndex(where: { !blank($0) }) else {
      return ""
    }
    return String(text[first...last])
  }
}

extension StructureTable {
  /// The BIOS (type 0).
  public var bios: BIOSInformation? { first(BIOSInformation.init) }

  /// The machine as a whole (type 1).
  public var system: SystemInformation? { first { SystemInformation($0, version: version) } }

  /// The boards (type 2), the main one first as a rule.
  public var baseboards: [Baseboard] { structures.compactMap(Baseboard.init) }

  /// The case (type 3).
  public var chassis: Chassis? { first(Chassis.init) }

  /// How the machine reaches its BMC (type 38); several machines with one have none of these.
  public var managementInterface: ManagementInterface? { first(ManagementInterface.init) }

  /// The processor sockets (type 4), empty ones included.
  public var processors: [Processor] { structures.compactMap(Processor.init) }

  /// The memory slots (type 17), empty ones included.
  public var memoryDevices: [MemoryDevice] { structures.compactMap(MemoryDevice.init) }

  private func first<View>(_ view: (Structure) -> View?) -> View? { structures.lazy.compactMap(view).first }
}
