import NIOCore

/// Cuts a stream of bytes into lines, wherever its chunks end: an object may span many, and one may hold many.
struct LineFramer {
  /// A line longer than any object can be.
  struct Overflow: Error {
    var limit: Int
  }

  private let maximumBytes: Int
  private var pending = ByteBuffer()
  /// Bytes of `pending` that are known to have no line end, so that a long line is looked through once.
  private var searched = 0

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  mutating func append(_ chunk: ByteBuffer) {
    if pending.readableBytes == 0 {
      pending = chunk
    } else {
      pending.discardReadBytes()
      pending.writeImmutableBuffer(chunk)
    }
  }

  /// The next whole line that says something, without its end; `nil` until more is appended.
  mutating func next() throws(Overflow) -> ByteBuffer? {
    while true {
      let view = pending.readableBytesView
      guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
        searched = view.count
        guard searched <= maximumBytes else { throw Overflow(limit: maximumBytes) }
        return nil
      }
      let length = end - view.startIndex
      searched = 0
      guard length <= maximumBytes else { throw Overflow(limit: maximumBytes) }
      let line = pending.readSlice(length: length) ?? ByteBuffer()
      pending.moveReaderIndex(forwardBy: 1)
      if line.readableBytesView.contains(where: { $0 != 0x0d && $0 != 0x20 }) { return line }
    }
  }
}
