internal import Glibc

/// A directory, read by name.
public enum Directory {
  /// The names in it, sorted, without `.` and `..`; empty when it does not exist.
  public static func names(in path: String) throws(SystemError) -> [String] {
    guard let stream = opendir(path) else {
      let error = SystemError(operation: "opendir", subject: path, code: errno)
      if error.isNotFound { return [] }
      throw error
    }
    defer { closedir(stream) }
    var names = [String]()
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes the directory; one that exists is not an error.
  public static func make(_ path: String) throws(SystemError) {
    do {
      try systemCall("mkdir", path) { mkdir(path, 0o755) }
    } catch {
      guard error.code == EEXIST else { throw error }
    }
  }
}

/// Attributes of kernel objects: one value in one small file, sysfs(5).
public enum Attribute {
  /// No attribute is larger than a page; the driver's own text never is.
  private static let limit = 4096

  /// The text without blanks at either end; `nil` when the attribute does not exist, cannot be read (many drivers
  /// answer EIO or EINVAL for "not known") or is blank.
  public static func text(_ path: String) -> String? {
    guard let bytes = try? FileDescriptor.contents(of: path, limit: limit) else { return nil }
    return printable(bytes)
  }

  /// The number; `nil` like ``text(_:)``, and when it is none.
  public static func number(_ path: String) -> UInt64? { text(path).flatMap { UInt64($0) } }

  /// Text of a device: printable ASCII, trimmed; other bytes (devices pad with zeros, too) become blanks.
  static func printable(_ bytes: some Sequence<UInt8>) -> String? {
    let text = String(decoding: bytes.map { (0x21...0x7e).contains($0) ? $0 : 0x20 }, as: UTF8.self)
    let words = text.split(separator: " ")
    return words.isEmpty ? nil : words.joined(separator: " ")
  }
}
