internal import CLinux
internal import Glibc

/// An open file descriptor with one owner: closed when the owner goes.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls that borrow it. It stays ours: never close it.
  public let rawValue: Int32

  /// Takes ownership of an open descriptor.
  public init(owning rawValue: Int32) { self.rawValue = rawValue }

  deinit { close(rawValue) }

  /// Opens `path`; close-on-exec always. `flags` as for open(2).
  public static func open(_ path: String, flags: Int32, mode: UInt32 = 0o600) throws(SystemError) -> FileDescriptor {
    FileDescriptor(
      owning: try systemCall("open", path) { clinux_open(path, flags | O_CLOEXEC, mode) })
  }

  /// Opens `path` for reading.
  public static func openForReading(_ path: String) throws(SystemError) -> FileDescriptor {
    try open(path, flags: O_RDONLY)
  }

  /// Opens `path`, an existing file or device, for writing.
  public static func openForWriting(_ path: String) throws(SystemError) -> FileDescriptor {
    try open(path, flags: O_WRONLY | O_NOCTTY)
  }

  /// A socket, close-on-exec.
  public static func socket(domain: Int32, type: Int32, protocol number: Int32 = 0) throws(SystemError)
    -> FileDescriptor
  {
    FileDescriptor(
      owning: try systemCall("socket") { Glibc.socket(domain, type | Int32(SOCK_CLOEXEC.rawValue), number) })
  }

  /// Gives the descriptor away without closing it.
  public consuming func release() -> Int32 {
    let rawValue = rawValue
    discard self
    return rawValue
  }

  /// Reads what is there, at most `limit` bytes; empty at the end.
  public func read(upTo limit: Int) throws(SystemError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = try systemCall("read") {
      buffer.withUnsafeMutableBytes { Glibc.read(rawValue, $0.baseAddress, $0.count) }
    }
    buffer.removeSubrange(count...)
    return buffer
  }

  /// Reads to the end, but never more than `limit` bytes.
  public func readToEnd(limit: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8]()
    while bytes.count < limit {
      let piece = try read(upTo: min(65_536, limit - bytes.count))
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  /// Writes every byte.
  public func write(_ bytes: [UInt8]) throws(SystemError) {
    var written = 0
    while written < bytes.count {
      written += try systemCall("write") {
        bytes.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress.map { $0 + written }, $0.count - written) }
      }
    }
  }
}

extension FileDescriptor {
  /// The bytes of a file, at most `limit`; `nil` when it does not exist.
  public static func contents(of path: String, limit: Int) throws(SystemError) -> [UInt8]? {
    do {
      return try openForReading(path).readToEnd(limit: limit)
    } catch {
      if error.isNotFound { return nil }
      throw error
    }
  }
}
