import BareMetal
import IPMI

/// What a login taught about a BMC, so that the next one takes fewer datagrams.
struct BMCKnowledge {
  var version: IPMISessionConfiguration.Version?
  /// An attacker, or a firmware's bad day, may have had the better one refused: it is tried again after ``suiteLifetime``.
  private var cipherSuite: CipherSuite?
  private var suiteUntil = ContinuousClock.now
  private static let suiteLifetime: Duration = .seconds(3600)
  var roundTrip: RoundTripEstimate?
  /// What is asked for. Switching a machine needs Operator; who is only User may still look.
  var privilege = PrivilegeLevel.operator

  /// IPMI 1.5 without asking what there is.
  private(set) var authentication = AuthenticationType.md5

  /// What it accepted lately.
  var knownSuite: CipherSuite? { .now < suiteUntil ? cipherSuite : nil }

  mutating func learn(from session: IPMISession) {
    if let suite = session.cipherSuite {
      if cipherSuite != suite || .now >= suiteUntil { suiteUntil = .now + Self.suiteLifetime }
      cipherSuite = suite
      version = .version20
    } else if session.capabilities?.authentications.contains(.md5) ?? false {
      version = .version15(.md5)
    }
  }

  /// Goes on to what proves less; `false` when there is nothing left, and the next login begins with the best again.
  mutating func tryNextAuthentication() -> Bool {
    switch authentication {
    case .md5: authentication = .straight
    case .straight: authentication = .none
    default:
      authentication = .md5
      return false
    }
    return true
  }
}

extension IPMIAccess {
  /// How to log in, given what is known.
  func sessionConfiguration(
    _ knowledge: BMCKnowledge, _ limits: BMCFleetConfiguration, name: String
  ) throws(BMCFailure) -> IPMISessionConfiguration {
    var configuration = IPMISessionConfiguration(
      userName: credentials.user, password: KeyMaterial(password: credentials.password.exposedText))
    configuration.bmcKey = bmcKey.map { KeyMaterial(password: $0.exposedText) }
    configuration.privilege = knowledge.privilege
    configuration.allowsUnauthenticated = allowsUnauthenticated
    configuration.firstTimeout = limits.firstTimeout
    configuration.longestTimeout = limits.longestTimeout
    configuration.attempts = limits.attempts
    configuration.patience = limits.patience
    var suites = CipherSuite.preferred
    if let cipherSuites {
      suites = []
      for number in cipherSuites {
        guard let suite = CipherSuite(identifier: number) else {
          let known = CipherSuite.all.map(\.identifier).sorted().map(String.init).joined(separator: ", ")
          throw BMCFailure(.misconfigured, "\(name): cipher suite \(number) is not spoken here; there are \(known)")
        }
        guard suite.authentication != .none || allowsUnauthenticated else {
          throw BMCFailure(
            .misconfigured,
            "\(name): cipher suite \(number) asks for no password; it is used only where that is allowed explicitly")
        }
        suites.append(suite)
      }
    }
    configuration.cipherSuites = suites
    configuration.knownSuite = knowledge.knownSuite
    configuration.roundTrip = knowledge.roundTrip
    switch version {
    case .detected: configuration.version = knowledge.version ?? .detected
    case .version20: configuration.version = .version20
    case .version15: configuration.version = .version15(knowledge.authentication)
    }
    return configuration
  }
}
