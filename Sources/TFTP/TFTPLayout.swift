/// Which bytes of a file each block carries.
public struct TFTPLayout: Hashable, Sendable {
  /// Bytes as sent.
  public let size: Int
  public let blockSize: Int

  /// The number of the last block. It is shorter than the block size, empty if need be.
  public let lastBlock: Int

  public init(size: Int, blockSize: Int) {
    self.size = max(0, size)
    self.blockSize = max(1, blockSize)
    lastBlock = self.size / self.blockSize + 1
  }

  /// The bytes of the file that a block carries; blocks count from 1.
  public func bytes(of block: Int) -> Range<Int> {
    let start = min(size, max(0, block - 1) * blockSize)
    return start..<min(size, start + blockSize)
  }

  /// The bytes of the file that several blocks carry, one after the other.
  public func bytes(of blocks: Range<Int>) -> Range<Int> {
    let start = bytes(of: blocks.lowerBound).lowerBound
    return blocks.isEmpty ? start..<start : start..<bytes(of: blocks.upperBound - 1).upperBound
  }
}
