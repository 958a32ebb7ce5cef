import BareMetal
import HTTPTypes
import Hummingbird
import Wire

extension BootPlane {
  /// `POST /agent/v1/bmc`: the agent has set up the machine's BMC, or could not.
  func takeBMC(_ request: Request, _ context: PeerContext) async throws -> Response {
    let report: BMCReport = try await decode(request, limit: Limits.eventBytes)
    guard let handover, configuration.autoBMCSetup else {
      throw Refusal(.notFound, "this boot host sets up no BMCs")
    }
    // By the address alone until the token shows who it is: else anybody could write into anybody's journal.
    var subject = BootSubject(address: context.client)
    do {
      let outcome = try await handover.take(report)
      subject.uuid = SystemUUID(report.server)
      switch outcome {
      case .verified(let endpoint):
        journal.report(.bmcSetUp(endpoint: endpoint), of: subject)
        return try .json(BMCReportResponse(verified: true))
      case .failed(let failure):
        journal.report(.bmcNotSetUp(reason: failure.message), of: subject)
        return try .json(
          BMCReportResponse(
            verified: false, reason: PlainText.line(failure.message), retry: failure.kind.mayPass ? true : nil))
      }
    } catch {
      let refusal = (error as? StoreError).map { Refusal($0) } ?? error as? Refusal
      journal.report(.bmcNotSetUp(reason: refusal?.reason ?? "the connection broke"), of: subject)
      throw refusal ?? error
    }
  }
}

extension BMCFailure.Kind {
  /// Whether the same login may work a little later: BMCs take seconds to notice a new user or password.
  fileprivate var mayPass: Bool {
    switch self {
    case .unreachable, .timedOut, .wrongPassword, .sessionsExhausted, .uncertain, .malformed, .busy, .privilege,
      .noCommonCipher:
      true
    case .lockedOut, .unsupported, .refused, .manual, .misconfigured, .cancelled: false
    }
  }
}
