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
      guard let (stored, isNew) = try await registrations.with({ try await store(registration, uuid) }) else {
        throw Refusal(
          .serviceUnavailable, "too many machines register at this moment: try again",
          retryAfterSeconds: Refusal.storeRetrySeconds)
      }
      let server = stored.metadata.name
      journal.report(.registered(server: server, created: isNew), of: subject)
      let bmc = configuration.autoBMCSetup ? try await handover?.setup(for: stored) : nil
      let wipe = try await wipeOrder(forServer: server, subject)
      if wipe == nil { journal.report(.instructed(configuration.afterRegistration), of: subject) }
      return try .json(
        RegistrationResponse(server: server, action: configuration.afterRegistration, bmcSetup: bmc, wipe: wipe))
    } catch {
      let refusal = (error as? StoreError).map { Refusal($0) } ?? error as? Refusal
      journal.report(.registrationRefused(reason: refusal?.reason ?? "the connection broke"), of: subject)
      throw refusal ?? error
    }
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

  /// Reads, changes and writes back, again when somebody else wrote in between.
  private func store(
    _ registration: Registration, _ uuid: SystemUUID
  ) async throws -> (server: Server, isNew: Bool) {
    var isNew = false
    for _ in 0..<Limits.attempts {
      do {
        let existing = try await store.get(ServerKind.self, named: uuid.description)
        var server = registration.server(
          replacing: existing, uuid: uuid, autoAccept: configuration.autoAcceptServers)
        if existing == nil {
          server.status.addresses = registration.nodeAddresses(replacing: nil)
          server = try await store.create(server)
          isNew = true
        } else {
          server = try await store.update(server)
        }
        let addresses = registration.nodeAddresses(replacing: server.status.addresses)
        if addresses != server.status.addresses {
          server.status.addresses = addresses
          server = try await store.updateStatus(server)
        }
        return (server, isNew)
      } catch {
        switch error {
        case .conflict, .alreadyExists, .notFound: continue
        case .invalid, .unavailable: throw error
        }
      }
    }
    throw Refusal(
      .serviceUnavailable, "the Server is being changed by others: try again",
      retryAfterSeconds: Refusal.storeRetrySeconds)
  }

  /// Reads a JSON body of at most `limit` bytes.
  func decode<Value: Decodable>(_ request: Request, limit: Int) async throws -> Value {
    var request = request
    return try await request.json(limit: limit)
  }
}
