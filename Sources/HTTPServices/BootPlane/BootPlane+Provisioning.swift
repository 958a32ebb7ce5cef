import BareMetal
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

extension BootPlane {
  /// `GET /configdata?uuid=&token=`: the machine configuration, patched, for the machine it is of.
  func machineConfiguration(_ request: Request, _ context: PeerContext) async throws -> Response {
    var subject = BootSubject(address: context.client)
    let start = ContinuousClock.now
    do {
      let machine = try await provisioned(request, context, for: .configuration, &subject)
      let text = try await machine.provisioning.configuration(
        for: machine.context, configuration.sideroLink)
      let milliseconds = Int64((ContinuousClock.now - start) / .milliseconds(1))
      journal.report(
        .transferFinished(name: Self.configurationName, bytes: Int64(text.utf8.count), milliseconds: milliseconds),
        of: subject)
      return Response(
        status: .ok, headers: [.contentType: "application/yaml; charset=utf-8", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    } catch {
      throw refused(error, Self.configurationName, subject)
    }
  }

  /// `POST /provision/v1/installed?uuid=&token=`: the machine is installed, and boots from its disk from now on.
  func installed(_ request: Request, _ context: PeerContext) async throws -> Response {
    var subject = BootSubject(address: context.client)
    do {
      let (provisioning, machine) = try await provisioned(request, context, for: .report, &subject)
      guard let binding = machine.binding else { throw Refusal(.notFound, "the Server is not allocated") }
      let now = provisioning.now()
      try await provisioning.setConditions(
        ["TalosConfigLoaded", "TalosConfigValidated", "TalosInstalled"].map {
          Condition(type: $0, status: .true, lastTransitionTime: now)
        }, of: binding)
      try await provisioning.tokens.spend(binding.metadata.name)
      journal.report(
        .lifecycle(reason: "Agent", message: "says that it is installed", isWarning: false), of: subject)
      return Response(status: .noContent)
    } catch {
      throw refused(error, "its report of the installation", subject)
    }
  }

  /// `POST /provision/v1/failed?uuid=&token=`, one line why: its configuration is not one it can take. It boots its
  /// Environment again, and fetches what it may have become by then.
  func failed(_ request: Request, _ context: PeerContext) async throws -> Response {
    var subject = BootSubject(address: context.client)
    do {
      let (provisioning, machine) = try await provisioned(request, context, for: .report, &subject)
      guard let binding = machine.binding else { throw Refusal(.notFound, "the Server is not allocated") }
      var request = request
      guard let body = try? await request.collectBody(upTo: Limits.eventBytes) else {
        throw Refusal(.contentTooLarge, "the body is larger than \(Limits.eventBytes) bytes, or broken off")
      }
      let reason = PlainText.line(String(buffer: body).prefix { $0 != "\n" && $0 != "\r\n" })
      let message = reason.isEmpty ? "the machine says no reason" : reason
      try await provisioning.setConditions(
        [
          Condition(
            type: "TalosConfigLoaded", status: .false, severity: "Error", lastTransitionTime: provisioning.now(),
            reason: "TalosConfigLoadFailed", message: message)
        ], of: binding)
      journal.report(
        .lifecycle(
          reason: "Server Configuration", message: "does not take its configuration: \(message)", isWarning: true),
        of: subject)
      return Response(status: .noContent)
    } catch {
      throw refused(error, "its report of the configuration", subject)
    }
  }

  static let configurationName = "its machine configuration"

  /// Who asks, when it is a machine that may.
  /// - Parameter subject: gets the machine's UUID once it is shown to be its own: nobody writes into others' journals.
  private func provisioned(
    _ request: Request, _ context: PeerContext, for purpose: BootToken.Purpose, _ subject: inout BootSubject
  ) async throws -> (provisioning: Provisioning, context: BootContext) {
    guard let provisioning else { throw Refusal(.notFound, "this boot host provisions no machines") }
    guard (request.uri.query?.utf8.count ?? 0) <= Limits.queryBytes else {
      throw Refusal(.uriTooLong, "the query is longer than \(Limits.queryBytes) bytes")
    }
    let query = request.uri.queryParameters
    guard let text = query["uuid"], !text.isEmpty else { throw Refusal(.badRequest, "uuid is missing or empty") }
    guard let uuid = SystemUUID(text), !uuid.isUnset else { throw Refusal(.badRequest, "uuid is not a machine's UUID") }
    let machine = try await BootContext(of: uuid, in: store)
    guard let server = machine.server else { throw Refusal(.notFound, "there is no Server of this UUID") }
    guard let binding = machine.binding, binding.metadata.deletionTimestamp == nil else {
      throw Refusal(.notFound, "the Server is not allocated")
    }
    if configuration.configAccess == .token || purpose == .report {
      let shown = Secret(query["token"].map { String($0) } ?? "")
      let refusal = try await provisioning.tokens.redeem(
        shown, of: server.metadata.name, binding: binding.allocationID, at: context.client, for: purpose)
      if case .otherAddress? = refusal { subject = BootSubject(uuid: uuid) }
      if let refusal { throw Refusal(.forbidden, refusal.description) }
      subject.uuid = uuid
      try provisioning.check(context.client, isOf: server)
    } else {
      subject.uuid = uuid
    }
    // The same as what sends a machine to its Environment: what may not boot it, gets no configuration for it.
    let plan = planner.plan(BootRequest(stage: .script, architecture: .bios, uuid: uuid), context: machine)
    if case .agent = plan.action { throw Refusal(.forbidden, plan.reason) }
    return (provisioning, machine)
  }

  private func refused(_ error: any Error, _ name: String, _ subject: BootSubject) -> any Error {
    let refusal = (error as? StoreError).map { Refusal($0) } ?? error as? Refusal
    journal.report(.transferFailed(name: name, reason: refusal?.reason ?? "the connection broke"), of: subject)
    return refusal ?? error
  }
}
