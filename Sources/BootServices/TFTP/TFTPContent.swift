public import LinuxSystem
public import NIOCore

/// The bytes of a file that is served: read once, never changed, shared by every client that loads it.
public struct TFTPContent: Sendable {
  /// The largest file kept in memory for TFTP. Boot programs have about 1 MiB; kernels travel by HTTP.
  public static let largestFile = 256 << 20

  let buffer: ByteBuffer

  /// The readable bytes of `buffer`.
  public init(_ buffer: ByteBuffer) { self.buffer = buffer }

  /// The bytes of the file at `path`; `nil` if there is none, or if it is larger than ``largestFile``.
  public static func file(at path: String) throws(SystemError) -> TFTPContent? {
    guard let bytes = try FileDescriptor.contents(of: path, limit: largestFile + 1), bytes.count <= largestFile else {
      return nil
    }
    return TFTPContent(ByteBuffer(bytes: bytes))
  }

  /// The number of bytes.
  public var size: Int { buffer.readableBytes }

  /// Appends a range of the bytes to a packet that is being put together.
  func append(_ range: Range<Int>, to packet: inout ByteBuffer) {
    packet.writeBytes(buffer.readableBytesSpan.extracting(range))
  }
}
