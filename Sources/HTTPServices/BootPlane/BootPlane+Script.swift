import BareMetal
import HTTPTypes
import Hummingbird
import Wire

extension BootPlane {
  /// `GET /ipxe`: asks the planner, and writes its answer as a script.
  func script(_ request: Request, _ context: PeerContext) async throws -> Response {
    guard (request.uri.query?.utf8.count ?? 0) <= Limits.queryBytes else {
      throw Refusal(.uriTooLong, "the query is longer than \(Limits.queryBytes) bytes")
    }
    let query = ScriptQuery(request.uri)
    let subject = BootSubject(mac: query.mac, uuid: query.uuid, address: context.client)
    do {
      let plan = planner.plan(
        BootRequest(stage: .script, architecture: query.architecture, mac: query.mac, uuid: query.uuid),
        server: try await server(query.uuid))
      let script = try script(for: plan, mac: query.mac, endpoint: try endpoint(request, context))
      journal.report(.planned(boots: plan.action.description, reason: plan.reason), of: subject)
      return .text(script)
    } catch let error as StoreError {
      let refusal = Refusal(error)
      journal.report(.transferFailed(name: "its boot script", reason: refusal.reason), of: subject)
      throw refusal
    } catch let refusal as Refusal {
      journal.report(.transferFailed(name: "its boot script", reason: refusal.reason), of: subject)
      throw refusal
    }
  }

  private func server(_ uuid: SystemUUID?) async throws(StoreError) -> Server? {
    guard let uuid, !uuid.isUnset else { return nil }
    return try await store.get(ServerKind.self, named: uuid.description)
  }

  private func script(for plan: BootPlan, mac: MACAddress?, endpoint: String) throws(Refusal) -> String {
    switch plan.action {
    case .environment(let name):
      for file in EnvironmentFile.allCases where assets.asset(.environment(name, file)) == nil {
        throw Refusal(.notFound, "Environment \(name) is not there: it has no \(file.rawValue)")
      }
      return IPXEScript.environment(
        name,
        arguments: KernelArguments.agent(
          mac: mac, endpoint: endpoint, overrides: configuration.extraAgentKernelArguments))
    case .script: return IPXEScript.first
    case .silence, .program: throw Refusal(.notFound, "nothing to boot: \(plan.reason)")
    }
  }

  /// Where this machine reaches us: as configured, else the address it used, which a port forwarding or a second
  /// interface makes differ from what we would guess. Only numbers are taken from the Host header: it ends up in a
  /// kernel command line, and the agent resolves no names.
  private func endpoint(_ request: Request, _ context: PeerContext) throws(Refusal) -> String {
    if let configured = configuration.apiEndpoint { return configured }
    if let host = request.head.authority, let used = Endpoint(host, defaultPort: 80) { return used.description }
    if let local = context.local { return local.description }
    throw Refusal(.badRequest, "the Host header names no address")
  }
}

extension BootPlan.Action {
  /// For the journal.
  fileprivate var description: String {
    switch self {
    case .silence: "nothing"
    case .program(let name): name
    case .script: "the first script"
    case .environment(let name): "Environment \(name)"
    }
  }
}
