internal import Glibc
internal import Synchronization

/// What a disk says of itself, for people to tell disks apart by: names of partitions, labels of file systems. It is only
/// read, through the page cache, by a descriptor that cannot write.
public struct DiskContents: Hashable, Sendable {
  /// In the order they were found, each once.
  public var labels: [String] = []
  /// Firmware boots from a partition of it.
  public var hasSystemPartition = false

  /// Of one disk. Two for each partition of a full table.
  static let labelLimit = 256

  /// Reads the disks at once, and does not wait for one that does not answer: a dying disk can take minutes for a sector.
  ///
  /// - Returns: by name; a disk that cannot be read in time is not among them.
  public static func read(_ disks: [BlockDevice], limit: Duration) -> [String: DiskContents] {
    let state = Results()
    var started = 0
    for disk in disks {
      let isStarted = SystemThread.start(named: "read-\(disk.name)") {
        let contents = try? DiskContents(path: disk.path, size: disk.size)
        state.add(disk.name, contents)
      }
      if isStarted { started += 1 }
    }
    let deadline = ContinuousClock.now + limit
    while state.count < started, ContinuousClock.now < deadline { Machine.sleep(.milliseconds(20)) }
    return state.found
  }

  private final class Results: Sendable {
    private let all = Mutex<[String: DiskContents?]>([:])

    func add(_ name: String, _ contents: DiskContents?) { all.withLock { $0[name] = .some(contents) } }
    var count: Int { all.withLock { $0.count } }
    var found: [String: DiskContents] { all.withLock { $0.compactMapValues(\.self) } }
  }

  /// Nothing.
  init() {}

  init(path: String, size: UInt64) throws(SystemError) {
    let descriptor = try FileDescriptor.openForReading(path)
    let sectorText = Attribute.number(
      "/sys/class/block/\(path.split(separator: "/").last ?? "")/queue/logical_block_size")
    let sector = sectorText.flatMap { (512...65_536).contains($0) ? Int($0) : nil } ?? 512
    self.init(size: size, sectorSize: sector) { offset, count in try? descriptor.read(at: offset, count: count) }
  }

  init(size: UInt64, sectorSize: Int, read: (UInt64, Int) -> [UInt8]?) {
    let table = PartitionTable(size: size, sectorSize: sectorSize, read: read)
    hasSystemPartition = table.partitions.contains(where: \.isSystem)
    var found = FileSystemLabel.read(at: 0, read).map { [$0] } ?? []
    for partition in table.partitions {
      if let name = partition.name { found.append(name) }
      if let label = FileSystemLabel.read(at: partition.range.lowerBound, read) { found.append(label) }
    }
    for label in found where !labels.contains(label) && labels.count < Self.labelLimit { labels.append(label) }
  }

  /// Text from a disk: `nil` when it is blank, or has what no label has.
  static func label(_ text: String) -> String? {
    var trimmed = Substring(text)
    while trimmed.last == " " { trimmed.removeLast() }
    let isPlain = trimmed.unicodeScalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
      default: $0 != "\u{fffd}"
      }
    }
    return trimmed.isEmpty || !isPlain || trimmed.utf8.count > 256 ? nil : String(trimmed)
  }
}

extension FileDescriptor {
  /// The bytes at an offset of a file or disk; fewer at its end.
  func read(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let more = try systemCall("pread") {
        buffer.withUnsafeMutableBytes {
          pread(rawValue, $0.baseAddress.map { $0 + done }, count - done, off_t(offset) + off_t(done))
        }
      }
      if more == 0 { break }
      done += more
    }
    buffer.removeSubrange(done...)
    return buffer
  }
}
