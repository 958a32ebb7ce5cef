import BareMetal
import IPMI
import LinuxSystem
import Wire

/// Who logs in to the BMC over the network and says whether that worked: the boot host.
protocol BMCVerifier {
  func report(_ report: BMCReport) throws(BootPlane.Failure) -> BMCReportResponse
}

extension BootPlane: BMCVerifier {}

/// Sets up the user that the daemon asked for, and has the daemon verify it. A failure is told, never fatal: the machine
/// boots all the same, and the next boot goes on with the same password.
struct BMCProvisioner<Controller: IPMIRequester, Verifier: BMCVerifier> {
  /// For the boot host to come back, and for the BMC to let the new user in. After that the boot goes on.
  static var patience: Duration { .seconds(5 * 60) }

  /// Rounds of logins, one for each of the BMC's addresses: a BMC that restarts its network takes a while.
  static var verificationLimit: Int { 5 }

  /// Between the new user and the first login: BMCs take a moment to notice one, and the boot host does not try a password
  /// again soon that was wrong.
  static var settleTime: Duration { .seconds(2) }

  let controller: Controller
  let verifier: Verifier

  /// Returns the line for the console.
  ///
  /// - Parameter pause: waits, and keeps the network going meanwhile.
  func run(
    _ setup: BMCSetup, server: String, until deadline: ContinuousClock.Instant, pause: (Duration) throws -> Void,
    now: () -> ContinuousClock.Instant = { .now }
  ) async throws -> String {
    var random = SystemRandomNumberGenerator()
    var backoff = Backoff()
    /// Asks until the boot host answers; `nil` when it does not in time, or says no.
    func tell(_ report: BMCReport) throws -> (BMCReportResponse?, String) {
      while true {
        do {
          let answer = try verifier.report(report)
          return (answer, answer.reason ?? "")
        } catch {
          let wait = backoff.pause(using: &random)
          guard !error.isFinal, now() + wait < deadline else { return (nil, "\(error)") }
          try pause(wait)
        }
      }
    }

    var report = BMCReport(server: server, token: setup.token)
    let facts: BMCFacts
    do {
      facts = try await BMCFacts(of: controller)
      report.firmware = facts.firmware
      // Before anything is written: a BMC that nobody can reach is not worth a user.
      guard !facts.endpoints.isEmpty else {
        throw IPMIFailure.unusable("it has no address on any LAN channel: give it one, fixed or by DHCP")
      }
      _ = try await controller.setUpUser(
        named: setup.user, password: KeyMaterial(password: setup.password.exposedText), privilege: .administrator)
    } catch {
      report.failure = "\(error)"
      _ = try tell(report)
      return "BMC not set up: \(error)"
    }

    try pause(Self.settleTime)
    var reason = ""
    for round in 1...Self.verificationLimit {
      var mayPass = false
      for endpoint in facts.endpoints {
        report.channel = endpoint.channel
        report.address = "\(endpoint.address)"
        report.port = endpoint.port
        report.mac = endpoint.mac.map { "\($0)" }
        let (answer, words) = try tell(report)
        guard let answer else { return "BMC set up, not verified: \(words)" }
        if answer.verified {
          return "BMC set up: user \(setup.user) at \(endpoint.address) (channel \(endpoint.channel))"
        }
        mayPass = mayPass || answer.retry == true
        reason = words
      }
      let wait = backoff.pause(using: &random)
      guard mayPass, round < Self.verificationLimit, now() + wait < deadline else { break }
      try pause(wait)
    }
    return "BMC set up, but the boot host cannot log in: \(reason)"
  }
}
