import BareMetal
import FoundationEssentials
import Glibc
import LinuxSystem
import Wire

/// What is on the disk.
///
/// ```
/// sha512/<digest>         whole files, never changed, named by what is in them
/// sources/<key>.json      what is known of a source: its content's digest, the validators that came with it
/// partial/<key>           what has come of a source so far
/// partial/<key>.json      what it is the beginning of
/// ```
///
/// A file gets into `sha512` by a rename after it was synced, so what is there is whole. Everything else may be missing or
/// left over after a crash, and costs a transfer at most. The functions block: on files, briefly, unless they say longer.
struct CacheDirectory: Sendable {
  let path: String

  init(_ path: String) throws(AssetFailure) {
    self.path = path
    for directory in [path, "\(path)/sha512", "\(path)/sources", "\(path)/partial"] {
      try Disk.makeDirectory(directory)
    }
    for directory in ["\(path)/sources", "\(path)/partial"] {
      for name in try Disk.names(in: directory) where name.hasSuffix(Disk.temporarySuffix) {
        try Disk.remove("\(directory)/\(name)")
      }
    }
  }

  // MARK: Whole files

  func path(of digest: String) -> String { "\(path)/sha512/\(digest)" }

  func status(of digest: String) -> Disk.Status? {
    Disk.status(path(of: digest)).flatMap { $0.isRegular ? $0 : nil }
  }

  /// The digests of the files that are there.
  func digests() throws(AssetFailure) -> [String] {
    try Disk.names(in: "\(path)/sha512").filter { $0.utf8.count == 128 }
  }

  func remove(_ digest: String) throws(AssetFailure) { try Disk.remove(path(of: digest)) }

  /// Reads the whole file: takes a second for some hundred megabytes.
  /// - Returns: whether it is what its name says.
  func verify(_ digest: String) throws(AssetFailure) -> Bool {
    let file = try Disk.open(path(of: digest), flags: O_RDONLY)
    var hash = try SHA512()
    try FilePieces.read(file) { hash.update($0) }
    return try hash.hexadecimal() == digest
  }

  // MARK: Sources

  /// Of a URL and the digest that is asked for: file names that no URL can make up.
  func key(of source: AssetSource) throws(AssetFailure) -> String {
    String(try SHA512.hexadecimal(of: "\(source.url ?? "")\n\(source.sha512 ?? "")").prefix(32))
  }

  func records() throws(AssetFailure) -> [SourceRecord] {
    try Disk.names(in: "\(path)/sources").compactMap { Self.decode(SourceRecord.self, at: "\(path)/sources/\($0)") }
  }

  func write(_ record: SourceRecord) throws(AssetFailure) {
    try Self.encode(record, to: "\(path)/sources/\(try key(of: record.source)).json")
  }

  func remove(_ record: SourceRecord) throws(AssetFailure) {
    try Disk.remove("\(path)/sources/\(try key(of: record.source)).json")
  }

  // MARK: Beginnings

  func partialPath(_ key: String) -> String { "\(path)/partial/\(key)" }

  func partialRecord(_ key: String) -> PartialRecord? {
    Self.decode(PartialRecord.self, at: "\(partialPath(key)).json")
  }

  func write(_ record: PartialRecord, _ key: String) throws(AssetFailure) {
    try Self.encode(record, to: "\(partialPath(key)).json")
  }

  func removePartial(_ key: String) throws(AssetFailure) {
    try Disk.remove("\(partialPath(key)).json")
    try Disk.remove(partialPath(key))
  }

  /// The keys of the beginnings that are there.
  func partials() throws(AssetFailure) -> Set<String> {
    Set(try Disk.names(in: "\(path)/partial").map { $0.hasSuffix(".json") ? String($0.dropLast(5)) : $0 })
  }

  func partialBytes() throws(AssetFailure) -> Int64 {
    try Disk.names(in: "\(path)/partial").reduce(0) { $0 + (Disk.status("\(path)/partial/\($1)")?.bytes ?? 0) }
  }

  /// A beginning that has become whole, and is on the disk, gets its name.
  func adopt(_ key: String, as digest: String) throws(AssetFailure) {
    try Disk.rename(partialPath(key), to: path(of: digest))
    try Disk.synchronizeDirectory("\(path)/sha512")
    try Disk.remove("\(partialPath(key)).json")
  }

  // MARK: JSON

  private static let recordBytes = 64 << 10

  private static func decode<Value: Decodable>(_ type: Value.Type, at path: String) -> Value? {
    guard let bytes = try? FileDescriptor.contents(of: path, limit: recordBytes) else { return nil }
    return try? JSONDecoder().decode(type, from: Data(bytes))
  }

  private static func encode(_ value: some Encodable, to path: String) throws(AssetFailure) {
    guard let data = try? JSONEncoder().encode(value) else { return }
    try Disk.write(Array(data), to: path)
  }
}

/// What tells two states of a URL's content apart (RFC 9110 §8.8).
struct Validators: Codable, Hashable, Sendable {
  var etag: String?
  var lastModified: String?

  /// For `If-Range`, which takes no weak one.
  var strong: String? {
    if let etag, !etag.hasPrefix("W/") { return etag }
    return lastModified
  }

  var isEmpty: Bool { etag == nil && lastModified == nil }
}

/// What is known of a source whose content is here.
struct SourceRecord: Codable, Hashable, Sendable {
  var url: String
  /// As asked for.
  var sha512: String?
  var digest: String
  var bytes: Int64
  var validators = Validators()
  /// Of a file on this host: nanoseconds since 1970.
  var modified: Int64?
  var checked: Timestamp

  var source: AssetSource { AssetSource(url: url, sha512: sha512) }
}

/// What the beginning of a file is the beginning of.
struct PartialRecord: Codable, Hashable, Sendable {
  var validators: Validators
  /// All of it, if the server said.
  var total: Int64?
  /// The kernel's boot: after another one, the end of what was written may be zeros (a power failure), which only a
  /// digest can tell.
  var boot: String

  static let currentBoot = Attribute.text("/proc/sys/kernel/random/boot_id") ?? ""
}

/// Reading a file a piece at a time.
enum FilePieces {
  static let pieceBytes = 1 << 20

  /// To the end. Blocks.
  static func read(
    _ file: borrowing FileDescriptor, _ body: (UnsafeRawBufferPointer) throws(AssetFailure) -> Void
  ) throws(AssetFailure) {
    while try readOne(file, body) > 0 {}
  }

  /// One piece.
  /// - Returns: its bytes; 0 at the end.
  static func readOne(
    _ file: borrowing FileDescriptor, _ body: (UnsafeRawBufferPointer) throws(AssetFailure) -> Void
  ) throws(AssetFailure) -> Int {
    let piece: [UInt8]
    do { piece = try file.read(upTo: pieceBytes) } catch { throw Disk.failure(error) }
    guard !piece.isEmpty else { return 0 }
    // The closure of withUnsafeBytes passes no typed error on.
    let result = piece.withUnsafeBytes { bytes -> Result<Void, AssetFailure> in
      do throws(AssetFailure) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    try result.get()
    return piece.count
  }
}
