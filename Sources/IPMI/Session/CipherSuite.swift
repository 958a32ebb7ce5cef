/// Which algorithms a session uses. IPMI v2.0 table 22-20.
public struct CipherSuite: Hashable, Sendable {
  public let identifier: UInt8
  public let authentication: Authentication
  public let integrity: Integrity
  public let confidentiality: Confidentiality

  /// How both ends prove that they know the password. Table 13-17.
  public enum Authentication: UInt8, Hashable, Sendable {
    case none = 0
    case hmacSHA1 = 1
    case hmacMD5 = 2
    case hmacSHA256 = 3

    /// What RAKP messages and the keys are computed with.
    var hash: HashFunction? {
      switch self {
      case .none: nil
      case .hmacSHA1: .sha1
      case .hmacMD5: .md5
      case .hmacSHA256: .sha256
      }
    }

    /// The bytes of the codes in RAKP messages 2 and 3.
    var codeLength: Int {
      switch self {
      case .none: 0
      case .hmacSHA1: 20
      case .hmacMD5: 16
      case .hmacSHA256: 32
      }
    }

    /// The bytes of the check value in RAKP message 4, which is cut short (§13.28).
    var checkLength: Int {
      switch self {
      case .none: 0
      case .hmacSHA1: 12
      case .hmacMD5, .hmacSHA256: 16
      }
    }
  }

  /// How each packet is signed. Table 13-18.
  public enum Integrity: UInt8, Hashable, Sendable {
    case none = 0
    case hmacSHA1_96 = 1
    case hmacMD5_128 = 2
    case md5_128 = 3
    case hmacSHA256_128 = 4

    var codeLength: Int {
      switch self {
      case .none: 0
      case .hmacSHA1_96: 12
      case .hmacMD5_128, .md5_128, .hmacSHA256_128: 16
      }
    }
  }

  /// How each payload is encrypted. Table 13-19. xRC4 is not spoken: RC4 is broken and AES is mandatory.
  public enum Confidentiality: UInt8, Hashable, Sendable {
    case none = 0
    case aesCBC128 = 1
  }

  private init(
    _ identifier: UInt8, _ authentication: Authentication, _ integrity: Integrity, _ confidentiality: Confidentiality
  ) {
    self.identifier = identifier
    self.authentication = authentication
    self.integrity = integrity
    self.confidentiality = confidentiality
  }

  /// No password needed: "cipher zero", a well-known hole. Only when explicitly allowed.
  public static let zero = CipherSuite(0, .none, .none, .none)

  /// The password is proven at login; packets are neither signed nor encrypted.
  public static let one = CipherSuite(1, .hmacSHA1, .none, .none)

  /// Signed, not encrypted.
  public static let two = CipherSuite(2, .hmacSHA1, .hmacSHA1_96, .none)

  /// What every IPMI 2.0 BMC has to speak.
  public static let three = CipherSuite(3, .hmacSHA1, .hmacSHA1_96, .aesCBC128)
  public static let eight = CipherSuite(8, .hmacMD5, .hmacMD5_128, .aesCBC128)
  public static let twelve = CipherSuite(12, .hmacMD5, .md5_128, .aesCBC128)

  /// The best there is.
  public static let seventeen = CipherSuite(17, .hmacSHA256, .hmacSHA256_128, .aesCBC128)

  /// Every suite spoken here, best first.
  public static let all: [CipherSuite] = [.seventeen, .three, .eight, .twelve, .two, .one, .zero]

  /// What is tried unless told otherwise: signed and encrypted, the common ones.
  public static let preferred: [CipherSuite] = [.seventeen, .three]

  public init?(identifier: UInt8) {
    guard let suite = Self.all.first(where: { $0.identifier == identifier }) else { return nil }
    self = suite
  }

  init?(authentication: UInt8, integrity: UInt8, confidentiality: UInt8) {
    let match = Self.all.first {
      $0.authentication.rawValue == authentication && $0.integrity.rawValue == integrity
        && $0.confidentiality.rawValue == confidentiality
    }
    guard let match else { return nil }
    self = match
  }
}

extension CipherSuite: CustomStringConvertible {
  public var description: String { "cipher suite \(identifier)" }
}
