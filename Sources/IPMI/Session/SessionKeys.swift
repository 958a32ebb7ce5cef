import Wire

/// The keys of one RMCP+ session, and how packets are signed and encrypted with them. IPMI v2.0 §13.28, §13.29, §13.31.
struct SessionKeys: Sendable {
  let suite: CipherSuite

  /// K1, or for suite 12 the user's password, 20 bytes with zeros.
  private let signing: KeyMaterial

  /// The first 16 bytes of K2.
  private let encryption: KeyMaterial

  /// K1 and K2 come from the session integrity key: its HMAC of twenty bytes 01, and of twenty bytes 02 (§13.32).
  init(suite: CipherSuite, integrityKey: KeyMaterial, password: KeyMaterial, using crypto: any IPMICrypto) {
    self.suite = suite
    guard let hash = suite.authentication.hash else {
      signing = KeyMaterial([])
      encryption = KeyMaterial([])
      return
    }
    signing =
      suite.integrity == .md5_128
      ? KeyMaterial(password.padded(to: 20))
      : KeyMaterial(crypto.authenticationCode(of: [UInt8](repeating: 1, count: 20), key: integrityKey, hash: hash))
    let second = crypto.authenticationCode(of: [UInt8](repeating: 2, count: 20), key: integrityKey, hash: hash)
    encryption = KeyMaterial(Array(second.prefix(16)))
  }

  var isSigned: Bool { suite.integrity != .none }
  var isEncrypted: Bool { suite.confidentiality != .none }

  /// The datagram for a payload. `initializationVector` is 16 random bytes, new for each packet.
  func seal(
    _ payload: [UInt8], type: PayloadType, sessionID: UInt32, sequence: UInt32, initializationVector: [UInt8],
    using crypto: any IPMICrypto
  ) -> [UInt8] {
    let content = isEncrypted ? encrypt(payload, initializationVector, using: crypto) : payload
    var bytes = RMCPPlusPacket.header(
      type, isEncrypted: isEncrypted, isSigned: isSigned, sessionID: sessionID, sequence: sequence,
      length: content.count)
    bytes += content
    guard isSigned else { return bytes }
    // Pad length and next header count for the multiple of four, the RMCP header does not change it.
    let pad = (4 - (bytes.count + 2) % 4) % 4
    bytes += [UInt8](repeating: 0xff, count: pad) + [UInt8(pad), RMCPPlusPacket.nextHeader]
    return bytes + code(of: Array(bytes.dropFirst(RMCPHeader.length)), using: crypto)
  }

  /// The payload of a datagram whose header is `packet`: signature first, then decryption.
  ///
  /// A packet that is not signed or not encrypted as the session agreed is refused: otherwise anybody could speak.
  func open(
    _ datagram: Span<UInt8>, of packet: RMCPPlusPacket, using crypto: any IPMICrypto
  ) throws(IPMIIgnored) -> [UInt8] {
    guard packet.isSigned == isSigned, packet.isEncrypted == isEncrypted else { throw .protection }
    if isSigned { try verify(datagram, of: packet, using: crypto) }
    let content = datagram.extracting(packet.payload).bytesCopied
    return isEncrypted ? try decrypt(content, using: crypto) : content
  }

  private func verify(
    _ datagram: Span<UInt8>, of packet: RMCPPlusPacket, using crypto: any IPMICrypto
  ) throws(IPMIIgnored) {
    let codeStart = datagram.count - suite.integrity.codeLength
    // At least pad length and next header lie between payload and code.
    guard codeStart - packet.payload.upperBound >= 2, datagram[codeStart - 1] == RMCPPlusPacket.nextHeader,
      Int(datagram[codeStart - 2]) == codeStart - 2 - packet.payload.upperBound
    else { throw .malformed(.padding) }
    let signed = datagram.extracting(RMCPHeader.length..<codeStart).bytesCopied
    let expected = code(of: signed, using: crypto)
    guard expected.count == suite.integrity.codeLength,
      ConstantTime.areEqual(expected.span, datagram.extracting(codeStart..<datagram.count))
    else { throw .signature }
  }

  private func code(of bytes: [UInt8], using crypto: any IPMICrypto) -> [UInt8] {
    switch suite.integrity {
    case .none: []
    case .hmacSHA1_96: Array(crypto.authenticationCode(of: bytes, key: signing, hash: .sha1).prefix(12))
    case .hmacMD5_128: Array(crypto.authenticationCode(of: bytes, key: signing, hash: .md5).prefix(16))
    case .hmacSHA256_128: Array(crypto.authenticationCode(of: bytes, key: signing, hash: .sha256).prefix(16))
    // As IPMI 1.5's MD5: password, packet, password. §13.28.4 does not say how long the password is: FreeIPMI's
    // `ipmipower -I 12` understands 20 bytes, and not 16, nor the password as it is.
    case .md5_128: crypto.md5(signing.exposedBytes + bytes + signing.exposedBytes)
    }
  }

  /// `IV | AES(payload | 01 02 … | pad length)`. Table 13-20.
  private func encrypt(_ payload: [UInt8], _ vector: [UInt8], using crypto: any IPMICrypto) -> [UInt8] {
    let pad = (16 - (payload.count + 1) % 16) % 16
    let blocks = payload + (0..<pad).map { UInt8($0 + 1) } + [UInt8(pad)]
    return vector + crypto.encryptAES128(blocks, key: encryption, initializationVector: vector)
  }

  private func decrypt(_ content: [UInt8], using crypto: any IPMICrypto) throws(IPMIIgnored) -> [UInt8] {
    guard content.count >= 32, content.count % 16 == 0 else {
      throw .malformed(.length(field: "encrypted payload", value: content.count))
    }
    let clear = crypto.decryptAES128(
      Array(content.dropFirst(16)), key: encryption, initializationVector: Array(content.prefix(16)))
    // Some BMCs fill the pad with other values, so only its length is looked at: the signature covers it anyway.
    guard let pad = clear.last, Int(pad) < clear.count else { throw .malformed(.padding) }
    return Array(clear.dropLast(Int(pad) + 1))
  }
}
