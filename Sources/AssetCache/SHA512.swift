import BareMetal
import COpenSSL

/// SHA-512 (FIPS 180-4) of what comes in pieces. Sendable, since its context has no other owner.
struct SHA512: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer

  init() throws(AssetFailure) { context = try Self.begun() }

  private static func begun() throws(AssetFailure) -> OpaquePointer {
    guard let algorithm = EVP_MD_fetch(nil, "SHA512", nil) else { throw missing }
    defer { EVP_MD_free(algorithm) }
    guard let context = EVP_MD_CTX_new() else { throw missing }
    guard EVP_DigestInit_ex2(context, algorithm, nil) == 1 else {
      EVP_MD_CTX_free(context)
      throw missing
    }
    return context
  }

  deinit { EVP_MD_CTX_free(context) }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// Of everything so far, in lower-case hexadecimal; more may follow.
  func hexadecimal() throws(AssetFailure) -> String {
    guard let copy = EVP_MD_CTX_new() else { throw Self.missing }
    defer { EVP_MD_CTX_free(copy) }
    var digest = [UInt8](repeating: 0, count: 64)
    guard EVP_MD_CTX_copy_ex(copy, context) == 1, EVP_DigestFinal_ex(copy, &digest, nil) == 1 else {
      throw Self.missing
    }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Of a text.
  static func hexadecimal(of text: String) throws(AssetFailure) -> String {
    var hash = try SHA512()
    Array(text.utf8).withUnsafeBytes { hash.update($0) }
    return try hash.hexadecimal()
  }

  private static var missing: AssetFailure {
    AssetFailure(.diskError, "OpenSSL on this host computes no SHA-512")
  }
}
