internal import Glibc

/// Memory that a disk can read and write without the page cache (O_DIRECT): on a page.
final class AlignedBuffer: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer

  /// Zeros. - Throws: ENOMEM.
  init(count: Int) throws(SystemError) {
    var memory: UnsafeMutableRawPointer?
    let code = posix_memalign(&memory, 4096, count)
    guard code == 0, let memory else { throw SystemError(operation: "posix_memalign", code: code == 0 ? ENOMEM : code) }
    memset(memory, 0, count)
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  deinit { free(bytes.baseAddress) }

  /// Whether the first `count` bytes are zero.
  func isZero(_ count: Int) -> Bool {
    guard count > 0, let start = bytes.baseAddress else { return true }
    // Each byte is its neighbour, and the first is zero.
    return bytes[0] == 0 && memcmp(start, start + 1, count - 1) == 0
  }

  /// Whether the first `count` bytes are those of the other.
  func isEqual(to other: AlignedBuffer, _ count: Int) -> Bool {
    bytes[..<count].elementsEqual(other.bytes[..<count])
  }
}
