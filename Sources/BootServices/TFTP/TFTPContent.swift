public import LinuxSystem
public import NIOCore

/// The bytes of a file that is served: read once, never changed, shared by every client that loads it.
public struct TFTPContent: Sendable {
  /// The largest file kept in memory for TFTP. Boot programs have about 1 MiB; kernels travel by HTTP.
  public static let largestFile = 256 << 20

  /// Owns the bytes.
  private final class Storage: Sendable {
    nonisolated(unsafe) let bytes: UnsafeBufferPointer<UInt8>

    init(_ buffer: ByteBuffer) {
      let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: buffer.readableBytes)
      _ = copy.initialize(from: buffer.readableBytesView)
      bytes = UnsafeBufferPointer(copy)
    }

    deinit { bytes.deallocate() }
  }

  private let storage: Storage

  /// The readable bytes of `buffer`, copied once.
  public init(_ buffer: ByteBuffer) { storage = Storage(buffer) }

  /// Where the bytes lie, for as long as there is a copy of this content: they are sent from there. Whoever keeps the
  /// pointer beside the content need not count references for each packet, which threads would wait for each other on.
  var bytes: UnsafeBufferPointer<UInt8> { storage.bytes }

  /// The bytes of the file at `path`; `nil` if there is none, or if it is larger than ``largestFile``.
  public static func file(at path: String) throws(SystemError) -> TFTPContent? {
    guard let bytes = try FileDescriptor.contents(of: path, limit: largestFile + 1), bytes.count <= largestFile else {
      return nil
    }
    return TFTPContent(ByteBuffer(bytes: bytes))
  }

  /// The number of bytes.
  public var size: Int { bytes.count }
}
