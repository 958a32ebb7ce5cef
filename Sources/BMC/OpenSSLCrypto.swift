import COpenSSL
public import IPMI

/// The cryptography of IPMI sessions: OpenSSL's libcrypto.
public struct OpenSSLCrypto: IPMICrypto {
  public init() {}

  public func authenticationCode(of message: [UInt8], key: KeyMaterial, hash: HashFunction) -> [UInt8] {
    let function =
      switch hash {
      case .md5: EVP_md5()
      case .sha1: EVP_sha1()
      case .sha256: EVP_sha256()
      }
    var code = [UInt8](repeating: 0, count: 64)
    var count: UInt32 = 0
    // OpenSSL takes no null key, which an empty array would give.
    let secret = key.exposedBytes.isEmpty ? [0] : key.exposedBytes
    let result = HMAC(function, secret, Int32(secret.count), message, message.count, &code, &count)
    return result == nil ? [] : Array(code.prefix(Int(count)))
  }

  public func md5(_ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 16)
    var count: UInt32 = 0
    return EVP_Digest(message, message.count, &digest, &count, EVP_md5(), nil) == 1 ? digest : []
  }

  public func encryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8] {
    cipher(blocks, key, initializationVector, encrypts: 1)
  }

  public func decryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8] {
    cipher(blocks, key, initializationVector, encrypts: 0)
  }

  private func cipher(_ blocks: [UInt8], _ key: KeyMaterial, _ vector: [UInt8], encrypts: Int32) -> [UInt8] {
    guard key.count == 16, vector.count == 16, let context = EVP_CIPHER_CTX_new() else { return [] }
    defer { EVP_CIPHER_CTX_free(context) }
    var output = [UInt8](repeating: 0, count: blocks.count + 16)
    var count: Int32 = 0
    guard EVP_CipherInit_ex(context, EVP_aes_128_cbc(), nil, key.exposedBytes, vector, encrypts) == 1,
      EVP_CIPHER_CTX_set_padding(context, 0) == 1,
      EVP_CipherUpdate(context, &output, &count, blocks, Int32(blocks.count)) == 1, Int(count) == blocks.count
    else { return [] }
    return Array(output.prefix(blocks.count))
  }
}
