import BareMetal
import Glibc
import LinuxSystem

/// The system calls on files that the cache needs, each with the error that a person can act on.
enum Disk {
  /// What stat(2) tells of a file.
  struct Status: Equatable, Sendable {
    var bytes: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    var isRegular: Bool
  }

  /// Symbolic links are followed; `nil` where there is nothing.
  static func status(_ path: String) -> Status? {
    var status = stat()
    return stat(path, &status) == 0 ? Status(status) : nil
  }

  static func status(_ file: borrowing FileDescriptor) throws(AssetFailure) -> Status {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { throw failure("fstat") }
    return Status(status)
  }

  static func makeDirectory(_ path: String) throws(AssetFailure) {
    guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
  }

  /// Nothing there is no error.
  static func remove(_ path: String) throws(AssetFailure) {
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("unlink", path) }
  }

  static func rename(_ path: String, to new: String) throws(AssetFailure) {
    guard Glibc.rename(path, new) == 0 else { throw failure("rename", path) }
  }

  /// Puts a directory's entries on the disk: after a rename, for it to outlive a power failure.
  static func synchronizeDirectory(_ path: String) throws(AssetFailure) {
    let directory = try open(path, flags: O_RDONLY | O_DIRECTORY)
    guard fsync(directory.rawValue) == 0 else { throw failure("fsync", path) }
  }

  static func open(_ path: String, flags: Int32) throws(AssetFailure) -> FileDescriptor {
    do {
      return try FileDescriptor.open(path, flags: flags, mode: 0o640)
    } catch {
      throw failure(error)
    }
  }

  /// A small file, written whole or not at all.
  static func write(_ bytes: [UInt8], to path: String) throws(AssetFailure) {
    let temporary = path + temporarySuffix
    do throws(AssetFailure) {
      let file = try open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
      do throws(SystemError) { try file.write(bytes) } catch { throw failure(error) }
      guard fsync(file.rawValue) == 0 else { throw failure("fsync", temporary) }
    } catch {
      try? remove(temporary)
      throw error
    }
    try rename(temporary, to: path)
  }

  /// Of files that are being written.
  static let temporarySuffix = ".new"

  /// The file is used now: the least recently used goes first.
  static func touch(_ path: String) { _ = utimensat(AT_FDCWD, path, nil, 0) }

  /// Bytes that unprivileged users may still write to the file system.
  static func freeBytes(at path: String) -> Int64 {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return .max }
    return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
  }

  static func names(in path: String) throws(AssetFailure) -> [String] {
    do { return try Directory.names(in: path) } catch { throw failure(error) }
  }

  /// Where a path leads, symbolic links resolved.
  static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// For the call that just failed.
  static func failure(_ operation: StaticString, _ path: String = "") -> AssetFailure {
    failure(SystemError(operation: operation, subject: path, code: errno))
  }

  static func failure(_ error: SystemError) -> AssetFailure {
    switch error.code {
    case ENOSPC, EDQUOT, EFBIG: AssetFailure(.noSpace, "the disk of this host is full (\(error))")
    default: AssetFailure(.diskError, "the disk of this host failed: \(error)")
    }
  }
}

extension Disk.Status {
  fileprivate init(_ status: stat) {
    self.init(
      bytes: Int64(status.st_size),
      modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
      isRegular: status.st_mode & S_IFMT == S_IFREG)
  }
}
