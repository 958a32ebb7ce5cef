public import Wire

/// What the daemon asks of the agent when a machine may have a BMC that nobody set up: a user, its password, and what
/// proves that a report answers this. Both are made by the daemon and kept before they are handed out, so that no BMC
/// ever has a password that is written down nowhere.
public struct BMCSetup: Codable, Hashable, Sendable {
  /// The name of the user, Sidero's.
  public static let userName = "sidero"

  /// All of what the oldest BMCs keep: 16 bytes. Letters and digits only, as some count others twice, or not at all.
  public static let passwordLength = 16

  public var user: String
  public var password: Secret
  public var token: Secret

  public init(user: String = BMCSetup.userName, password: Secret, token: Secret) {
    self.user = user
    self.password = password
    self.token = token
  }
}

extension Secret {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

  /// As many letters and digits, each as likely as any other.
  public static func random(length: Int, using random: inout some RandomNumberGenerator) -> Secret {
    var text = ""
    while text.utf8.count < length {
      // Ten characters of one number at most: the system is asked for it, and a rack that boots needs a thousand secrets.
      var bits = random.next()
      for _ in 0..<10 where text.utf8.count < length {
        let index = Int(bits & 63)
        bits >>= 6
        // Not the rest of a division, which would make some likelier.
        if index < alphabet.count { text.append(alphabet[index]) }
      }
    }
    return Secret(text)
  }
}

/// What the agent reports of the machine's BMC: `POST /agent/v1/bmc`. Either an address where it answers to the user that
/// was asked for, or why it was not set up.
public struct BMCReport: Codable, Hashable, Sendable {
  /// The name of the Server, from ``RegistrationResponse``.
  public var server: String
  /// ``BMCSetup/token``
  public var token: Secret
  /// The BMC's number of the LAN channel.
  public var channel: UInt8?
  public var address: String?
  /// 623 when absent.
  public var port: UInt16?
  public var mac: String?
  /// `IPMI 2.0, firmware 9.08`
  public var firmware: String?
  /// One line for people, 200 bytes at most: nothing was set up.
  public var failure: String?

  public init(server: String, token: Secret) {
    self.server = server
    self.token = token
  }
}

/// What the daemon makes of the report.
public struct BMCReportResponse: Codable, Hashable, Sendable {
  /// Whether it could log in over the network: the BMC is now the Server's.
  public var verified: Bool
  /// Why not.
  public var reason: String?
  /// Whether asking again later may help.
  public var retry: Bool?

  public init(verified: Bool, reason: String? = nil, retry: Bool? = nil) {
    self.verified = verified
    self.reason = reason
    self.retry = retry
  }
}

/// Why the address in a report cannot be a BMC's.
public struct BMCReportError: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String
}

extension BMCReport {
  /// The endpoint, when it can be one: the daemon will send packets there because a machine said so.
  ///
  /// - Parameter allowsLoopback: for tests on one host.
  public func endpoint(allowsLoopback: Bool = false) throws(BMCReportError) -> (address: IPv4Address, port: UInt16) {
    guard let address = address.flatMap({ IPv4Address($0) }) else {
      throw BMCReportError(description: "address is not an IPv4 address")
    }
    let first = address.rawValue >> 24
    guard first != 0, !address.isMulticast, first < 240, allowsLoopback || first != 127 else {
      throw BMCReportError(description: "address \(address) is not one that a BMC can have")
    }
    let port = port ?? 623
    guard port > 0 else { throw BMCReportError(description: "port is 0") }
    return (address, port)
  }
}
