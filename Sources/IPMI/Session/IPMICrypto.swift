/// The cryptography a session needs, given by whoever owns a library for it (the `BMC` module: OpenSSL).
///
/// All functions are pure: same arguments, same bytes. Random bytes are not asked of it: they are arguments.
public protocol IPMICrypto: Sendable {
  /// RFC 2104: HMAC of `message`, 20 bytes of SHA-1, 16 of MD5, 32 of SHA-256.
  func authenticationCode(of message: [UInt8], key: KeyMaterial, hash: HashFunction) -> [UInt8]

  /// RFC 1321: 16 bytes.
  func md5(_ message: [UInt8]) -> [UInt8]

  /// AES-128 in CBC mode without padding. `blocks` is a multiple of 16 bytes, `key` and `initializationVector` 16 bytes
  /// each. An empty answer means that the library failed; it is treated like a wrong code, never sent.
  func encryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8]

  /// The inverse of ``encryptAES128(_:key:initializationVector:)``.
  func decryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8]
}

/// The hash functions that HMAC is asked for.
public enum HashFunction: Hashable, Sendable {
  case md5
  case sha1
  case sha256
}
