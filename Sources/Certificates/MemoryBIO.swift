import COpenSSL

/// A text that libcrypto reads from or writes to.
struct MemoryBIO: ~Copyable {
  /// `nil` when there is no memory, which every function that takes one refuses.
  let pointer: OpaquePointer?

  init(_ text: String = "") {
    pointer = BIO_new(BIO_s_mem())
    let bytes = Array(text.utf8)
    if !bytes.isEmpty { BIO_write(pointer, bytes, Int32(clamping: bytes.count)) }
  }

  deinit { BIO_free(pointer) }

  /// What was written and not read.
  var text: String {
    let count = BIO_ctrl_pending(pointer)
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
      read = max(0, Int(BIO_read(pointer, buffer.baseAddress, Int32(clamping: count))))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
