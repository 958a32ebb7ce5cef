import BareMetal
import Glibc
import LinuxSystem
import Synchronization

/// A file that is being written, and the digest of what is written so far. Its functions block on the disk: they run on
/// NIO's thread pool, one after the other.
final class PartialFile: Sendable {
  private struct State: ~Copyable {
    let file: FileDescriptor
    var hash: SHA512
    var bytes: Int64
    /// Since the free space was looked at.
    var unlooked: Int64 = .max / 2
  }

  private let state: Mutex<State>
  private let path: String
  private let reservedBytes: Int64
  /// Between two looks at the free space: a piece of a transfer, not of a packet.
  private static let lookBytes: Int64 = 4 << 20

  /// Opens the file, or makes it.
  /// - Parameter resumes: what is in it is kept, and read for the digest.
  init(_ path: String, resumes: Bool, reservedBytes: Int64) throws(AssetFailure) {
    self.path = path
    self.reservedBytes = reservedBytes
    let file = try Disk.open(path, flags: O_RDWR | O_CREAT | (resumes ? 0 : O_TRUNC))
    var hash = try SHA512()
    var bytes: Int64 = 0
    try FilePieces.read(file) {
      hash.update($0)
      bytes += Int64($0.count)
    }
    state = Mutex(State(file: file, hash: hash, bytes: bytes))
  }

  var bytes: Int64 { state.withLock { $0.bytes } }

  /// Of what is there so far.
  func digest() throws(AssetFailure) -> String {
    try state.withLock { state throws(AssetFailure) in try state.hash.hexadecimal() }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(AssetFailure) {
    try state.withLock { state throws(AssetFailure) in
      state.unlooked += Int64(bytes.count)
      if state.unlooked >= Self.lookBytes {
        state.unlooked = 0
        let free = Disk.freeBytes(at: path)
        guard free - Int64(bytes.count) >= reservedBytes else {
          throw AssetFailure(
            .noSpace,
            "the disk of this host has \(free >> 20) MiB left, of which \(reservedBytes >> 20) MiB are kept free")
        }
      }
      var written = 0
      while written < bytes.count {
        let count = write(state.file.rawValue, bytes.baseAddress.map { $0 + written }, bytes.count - written)
        if count < 0 {
          if errno == EINTR { continue }
          throw Disk.failure("write")
        }
        written += count
      }
      state.hash.update(bytes)
      state.bytes += Int64(bytes.count)
    }
  }

  /// Forgets what is in it.
  func restart() throws(AssetFailure) {
    try state.withLock { state throws(AssetFailure) in
      guard ftruncate(state.file.rawValue, 0) == 0, lseek(state.file.rawValue, 0, SEEK_SET) == 0 else {
        throw Disk.failure("ftruncate")
      }
      state.hash = try SHA512()
      state.bytes = 0
    }
  }

  /// Puts everything on the disk.
  func synchronize() throws(AssetFailure) {
    try state.withLock { state throws(AssetFailure) in
      guard fsync(state.file.rawValue) == 0 else { throw Disk.failure("fsync") }
    }
  }
}
