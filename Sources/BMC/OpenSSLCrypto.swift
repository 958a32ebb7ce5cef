import COpenSSL
public import IPMI
import Synchronization

/// The cryptography of IPMI sessions: OpenSSL's libcrypto.
///
/// OpenSSL 3 looks every algorithm up by name, which takes longer than hashing an IPMI packet does. So each is fetched
/// once in a process, with one context that is used again and again, under a lock that is hardly ever waited for.
public struct OpenSSLCrypto: IPMICrypto {
  public init() {}

  public func authenticationCode(of message: [UInt8], key: KeyMaterial, hash: HashFunction) -> [UInt8] {
    switch hash {
    case .md5: Self.hmacMD5.withLock { $0.code(of: message, key: key.exposedBytes) }
    case .sha1: Self.hmacSHA1.withLock { $0.code(of: message, key: key.exposedBytes) }
    case .sha256: Self.hmacSHA256.withLock { $0.code(of: message, key: key.exposedBytes) }
    }
  }

  public func md5(_ message: [UInt8]) -> [UInt8] { Self.digestMD5.withLock { $0.digest(of: message) } }

  public func encryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8] {
    Self.encryption.withLock { $0.transform(blocks, key: key.exposedBytes, vector: initializationVector) }
  }

  public func decryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8] {
    Self.decryption.withLock { $0.transform(blocks, key: key.exposedBytes, vector: initializationVector) }
  }

  private static let hmacMD5 = Mutex(HMACContext("MD5"))
  private static let hmacSHA1 = Mutex(HMACContext("SHA1"))
  private static let hmacSHA256 = Mutex(HMACContext("SHA256"))
  private static let digestMD5 = Mutex(DigestContext("MD5"))
  private static let encryption = Mutex(CipherContext("AES-128-CBC", encrypts: true))
  private static let decryption = Mutex(CipherContext("AES-128-CBC", encrypts: false))
}

// Contexts live as long as the process: nothing frees them. `nil` where OpenSSL was built or configured without.

/// HMAC with one hash function.
private struct HMACContext: ~Copyable {
  /// More than any hash function's.
  private static let longestCode = 64

  private let context: OpaquePointer?

  init(_ digest: String) {
    guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
      self.context = nil
      return
    }
    var name = Array(digest.utf8CString)
    // A parameter points at its key and its value: both must live until it is read.
    let isSet = "digest".withCString { key in
      name.withUnsafeMutableBufferPointer { name in
        EVP_MAC_CTX_set_params(
          context, [OSSL_PARAM_construct_utf8_string(key, name.baseAddress, 0), OSSL_PARAM_construct_end()])
      }
    }
    self.context = isSet == 1 ? context : nil
  }

  func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    guard let context else { return [] }
    // No bytes would mean "the key of the last time". HMAC pads keys with zeros: one zero is the same key as none.
    let key = key.isEmpty ? [0] : key
    return [UInt8](unsafeUninitializedCapacity: Self.longestCode) { output, count in
      guard EVP_MAC_init(context, key, key.count, nil) == 1, EVP_MAC_update(context, message, message.count) == 1,
        EVP_MAC_final(context, output.baseAddress, &count, output.count) == 1
      else {
        count = 0
        return
      }
    }
  }
}

/// One hash function.
private struct DigestContext: ~Copyable {
  private let algorithm: OpaquePointer?
  private let context = EVP_MD_CTX_new()

  init(_ name: String) { algorithm = EVP_MD_fetch(nil, name, nil) }

  func digest(of message: [UInt8]) -> [UInt8] {
    guard let algorithm, let context else { return [] }
    return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { output, count in
      var length: UInt32 = 0
      let isDone =
        EVP_DigestInit_ex2(context, algorithm, nil) == 1 && EVP_DigestUpdate(context, message, message.count) == 1
        && EVP_DigestFinal_ex(context, output.baseAddress, &length) == 1
      count = isDone ? Int(length) : 0
    }
  }
}

/// One block cipher in one direction, without padding.
private struct CipherContext: ~Copyable {
  /// AES-128
  private static let keyLength = 16
  private static let blockLength = 16

  private let algorithm: OpaquePointer?
  private let context = EVP_CIPHER_CTX_new()
  private let encrypts: Int32

  init(_ name: String, encrypts: Bool) {
    algorithm = EVP_CIPHER_fetch(nil, name, nil)
    self.encrypts = encrypts ? 1 : 0
  }

  func transform(_ blocks: [UInt8], key: [UInt8], vector: [UInt8]) -> [UInt8] {
    guard let algorithm, let context, key.count == Self.keyLength, vector.count == Self.blockLength,
      blocks.count % Self.blockLength == 0, let length = Int32(exactly: blocks.count)
    else { return [] }
    return [UInt8](unsafeUninitializedCapacity: blocks.count + Self.blockLength) { output, count in
      var written: Int32 = 0
      let isDone =
        EVP_CipherInit_ex2(context, algorithm, key, vector, encrypts, nil) == 1
        && EVP_CIPHER_CTX_set_padding(context, 0) == 1
        && EVP_CipherUpdate(context, output.baseAddress, &written, blocks, length) == 1 && written == length
      count = isDone ? blocks.count : 0
    }
  }
}
