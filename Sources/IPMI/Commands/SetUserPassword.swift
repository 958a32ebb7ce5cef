/// Sets or tests a user's password, enables or disables the user. IPMI v2.0 §22.30, NetFn App, command 47h.
public struct SetUserPassword: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x47

  /// To ``Operation/test``: another password is stored; 0x81: it is stored with the other length (16 or 20).
  public static let passwordDiffers = CompletionCode(rawValue: 0x80)
  public static let lengthDiffers = CompletionCode(rawValue: 0x81)

  public enum Operation: Hashable, Sendable {
    case disable
    case enable
    case set(Password)
    case test(Password)
  }

  /// A password and how many bytes it is stored with.
  public struct Password: Hashable, Sendable {
    let secret: KeyMaterial

    /// 20 bytes: cannot be used by IPMI 1.5 sessions. Some BMCs store 16 whatever they are told.
    public let isLong: Bool

    /// `nil` when it is longer than 20 bytes, or than 16 unless `isLong`.
    public init?(_ secret: KeyMaterial, isLong: Bool) {
      guard secret.count <= (isLong ? 20 : 16) else { return nil }
      self.secret = secret
      self.isLong = isLong
    }

    public static func == (one: Password, other: Password) -> Bool {
      one.isLong == other.isLong && one.secret == other.secret
    }

    /// Of the length alone: a hash of the secret would tell about it.
    public func hash(into hasher: inout Hasher) { hasher.combine(isLong) }
  }

  public var user: UInt8
  public var operation: Operation

  /// Whether enable and disable are sent with 16 bytes that mean nothing: BMCs that want them answer 0xC7 without.
  public var isPadded: Bool

  public init(user: UInt8, _ operation: Operation, isPadded: Bool = false) {
    self.user = user & 0x3f
    self.operation = operation
    self.isPadded = isPadded
  }

  /// Holds the password in the clear: only for sessions that encrypt, or in-band.
  public var requestData: [UInt8] {
    switch operation {
    case .disable: [user, 0] + padding
    case .enable: [user, 1] + padding
    case .set(let password): bytes(2, password)
    case .test(let password): bytes(3, password)
    }
  }

  private var padding: [UInt8] { [UInt8](repeating: 0, count: isPadded ? 16 : 0) }

  private func bytes(_ operation: UInt8, _ password: Password) -> [UInt8] {
    [(password.isLong ? 0x80 : 0) | user, operation] + password.secret.padded(to: password.isLong ? 20 : 16)
  }

  public typealias Response = NoResponse
}
