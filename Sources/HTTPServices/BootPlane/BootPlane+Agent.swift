import BareMetal
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

extension BootPlane {
  /// `POST /agent/v1/registrations`: makes or refreshes the machine's Server.
  func register(_ request: Request, _ context: PeerContext) async throws -> Response {
    var subject = BootSubject(address: context.client)
    do {
      let registration: Registration = try await decode(request, limit: Limits.registrationBytes)
      subject.mac = registration.bootMAC.flatMap { MACAddress($0) }
      let uuid = try checked(registration)
      subject.uuid = uuid
      guard let registered = try await registrations.with({ try await store(registration, uuid) }) else {
        throw Refusal(
          .serviceUnavailable, "too many machines register at this moment: try again",
          retryAfterSeconds: Refusal.storeRetrySeconds)
      }
      let server = registered.server.metadata.name
      journal.report(.registered(server: server, created: registered.isNew), of: subject)
      if let quarantine = registered.quarantine {
        note("in quarantine (\(quarantine.reason.rawValue)): \(quarantine.message)", of: subject)
      }
      for change in registered.changes { note("hardware changed: \(change)", of: subject) }
      if registered.isWipeAsked {
        journal.report(
          .lifecycle(reason: "Server Wipe", message: "accepted: to be wiped", isWarning: false), of: subject)
      }
      let bmc = configuration.autoBMCSetup ? try await handover?.setup(for: registered.server) : nil
      let wipe = try await wipeOrder(forServer: server, subject)
      let action = try await nextAction(of: registered.server)
      if wipe == nil { journal.report(.instructed(action), of: subject) }
      return try .json(RegistrationResponse(server: server, action: action, bmcSetup: bmc, wipe: wipe))
    } catch {
      let refusal = (error as? StoreError).map { Refusal($0) } ?? error as? Refusal
      journal.report(.registrationRefused(reason: refusal?.reason ?? "the connection broke"), of: subject)
      throw refusal ?? error
    }
  }

  private func note(_ message: String, of subject: BootSubject) {
    journal.report(
      .lifecycle(reason: "Server Registration", message: PlainText.line(message), isWarning: true), of: subject)
  }

  /// `POST /agent/v1/events`: a line for the journal.
  func agentEvent(_ request: Request, _ context: PeerContext) async throws -> Response {
    let event: AgentEvent = try await decode(request, limit: Limits.eventBytes)
    let message = PlainText.line(event.message)
    guard !message.isEmpty else { throw Refusal(.unprocessableContent, "message is empty") }
    let subject = BootSubject(
      mac: event.mac.flatMap { MACAddress($0) }, uuid: event.uuid.flatMap { SystemUUID($0) }, address: context.client)
    journal.report(.agent(message: message), of: subject)
    return Response(status: .noContent)
  }

  /// The machine's UUID, when everything it says of itself can be believed.
  private func checked(_ registration: Registration) throws(Refusal) -> SystemUUID {
    let uuid: SystemUUID
    do {
      uuid = try registration.validated()
    } catch {
      throw Refusal(.unprocessableContent, error.description)
    }
    for address in registration.addresses ?? [] where (try? SocketAddress(ipAddress: address, port: 0)) == nil {
      throw Refusal(.unprocessableContent, "addresses: one of them is not an IP address")
    }
    return uuid
  }

  /// Reads a JSON body of at most `limit` bytes.
  func decode<Value: Decodable>(_ request: Request, limit: Int) async throws -> Value {
    var request = request
    return try await request.json(limit: limit)
  }
}
