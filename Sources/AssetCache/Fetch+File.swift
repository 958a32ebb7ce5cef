import BareMetal
import Glibc
import LinuxSystem

extension Fetch {
  /// Copies a file of this host, if it is not the one that is here.
  func copy(_ path: String) async throws -> Outcome {
    if let known, let modified = known.modified, let status = Disk.status(path), status.isRegular,
      status.bytes == known.bytes, status.modified == modified
    {
      return .unchanged
    }
    if let record = try await adoptPresent() { return .fetched(record) }
    let status = try await Self.blocking { [configuration] in try Self.open(path, configuration).status }
    guard status.bytes <= configuration.largestFile else {
      throw AssetFailure(.tooLarge, "\(status.bytes >> 20) MiB; no boot file is that large")
    }
    try await makeRoom(status.bytes)
    progress.begin(at: 0, of: status.bytes)
    let partial = try await Self.blocking {
      let partial = try PartialFile(
        directory.partialPath(key), resumes: false, reservedBytes: configuration.reservedBytes)
      let opened = try Self.open(path, configuration)
      while true {
        let count = try FilePieces.readOne(opened.file) { bytes throws(AssetFailure) in try partial.append(bytes) }
        guard count > 0 else { break }
        try progress.add(count)
      }
      guard try Disk.status(opened.file) == status, partial.bytes == status.bytes, Disk.status(path) == status else {
        throw AssetFailure(.changed, "it was changed while it was read")
      }
      return partial
    }
    return .fetched(try await complete(partial, Validators(), modified: status.modified))
  }

  private struct Opened: ~Copyable {
    let file: FileDescriptor
    let status: Disk.Status
  }

  private static func open(
    _ path: String, _ configuration: AssetCacheConfiguration
  ) throws(AssetFailure) -> Opened {
    guard let resolved = Disk.resolve(path) else {
      throw errno == EACCES
        ? AssetFailure(.refused, "the daemon may not read it")
        : AssetFailure(.notFound, "there is no such file on this host")
    }
    if let own = configuration.privateDirectory.flatMap({ Disk.resolve($0) }), resolved.hasPrefix(own + "/") {
      throw AssetFailure(.refused, "the daemon's own files are not served")
    }
    let file: FileDescriptor
    do {
      // A FIFO would wait for its writer.
      file = try FileDescriptor.open(resolved, flags: O_RDONLY | O_NONBLOCK)
    } catch {
      switch error.code {
      case ENOENT, ENOTDIR, ELOOP: throw AssetFailure(.notFound, "there is no such file on this host")
      case EACCES, EPERM: throw AssetFailure(.refused, "the daemon may not read it")
      default: throw Disk.failure(error)
      }
    }
    let status = try Disk.status(file)
    guard status.isRegular else { throw AssetFailure(.refused, "it is no regular file") }
    return Opened(file: file, status: status)
  }
}
