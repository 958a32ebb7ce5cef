import CLinux
import Glibc

/// What glibc's allocator does with memory that is free: by itself it keeps nearly all of it.
public enum HeapMemory {
  /// Threads share this many heaps at most. glibc's own limit is eight for each processor: what one thread frees in its
  /// heap no other thread uses, and a heap that was large once stays so.
  private static let arenas = 2
  /// Blocks from this size are mapped, and returned when they are freed. glibc by itself raises the limit up to 32 MB as
  /// it sees large blocks freed: the lists of a large rack, whose holes small blocks then settle in.
  private static let mappedBytes: Int32 = 256 << 10
  /// What may be free at a heap's end.
  private static let freeBytes: Int32 = 4 << 20

  /// For a daemon that runs for months beside others. Before there are many threads.
  public static func keepSmall() {
    // None of them can fail with these values.
    _ = mallopt(clinux_malloc_arena_max, Int32(arenas))
    _ = mallopt(clinux_malloc_mmap_threshold, mappedBytes)
    _ = mallopt(clinux_malloc_trim_threshold, freeBytes)
  }

  /// Returns every page that is free to the kernel: some milliseconds for a hundred megabytes, in which who allocates
  /// waits.
  public static func trim() { _ = malloc_trim(0) }

  /// Bytes of this process that are in memory and no file's: `RssAnon` of proc(5); `nil` where that cannot be read.
  public static var residentBytes: Int? {
    guard let status = try? FileDescriptor.contents(of: "/proc/self/status", limit: 16 << 10) else { return nil }
    for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: "RssAnon:".utf8) {
      let fields = line.split(separator: UInt8(ascii: "\t")).last?.split(separator: UInt8(ascii: " "))
      return fields?.first.flatMap { Int(String(decoding: $0, as: UTF8.self)) }.map { $0 << 10 }
    }
    return nil
  }
}
