import COpenSSL

/// OpenSSL's random bytes, fetched many at a time: a login needs a few dozen numbers.
struct OpenSSLRandom: RandomNumberGenerator {
  /// Numbers of one fetch: 2 KiB.
  private static let batch = 256

  private var numbers = [UInt64](repeating: 0, count: Self.batch)
  private var used = Self.batch

  mutating func next() -> UInt64 {
    if used == numbers.count {
      let isFilled = numbers.withUnsafeMutableBytes { bytes in
        RAND_bytes(bytes.baseAddress, Int32(bytes.count)) == 1
      }
      // OpenSSL cannot seed itself: the kernel can.
      guard isFilled else {
        var kernel = SystemRandomNumberGenerator()
        return kernel.next()
      }
      used = 0
    }
    // What was handed out is not kept: it may have become a key.
    defer {
      numbers[used] = 0
      used += 1
    }
    return numbers[used]
  }
}
