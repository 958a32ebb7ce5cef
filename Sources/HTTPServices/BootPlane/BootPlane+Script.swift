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
      let machine = try await BootContext(of: query.uuid, mac: query.mac, in: store)
      let plan = planner.plan(
        BootRequest(stage: .script, architecture: query.architecture, mac: query.mac, uuid: query.uuid),
        context: machine)
      let script = try await script(
        for: plan, of: machine, query, endpoint: try endpoint(request, context)
      ) { provisioning, server, binding in
        try provisioning.check(context.client, isOf: server)
        // While the machine loads its kernel there is time: it asks for this when all the others do.
        _ = try? await provisioning.patchedConfiguration(for: machine, configuration.sideroLink)
        return try await provisioning.tokens.mint(for: server.metadata.name, binding: binding.allocationID).exposedText
      }.text
      journal.report(.planned(boots: plan.action.description, reason: plan.reason), of: subject)
      // What `http-404` asks for is no failure.
      return script.map { .text($0) } ?? .text("boot from the disk: \(plan.reason)\n", status: .notFound)
    } catch let error as StoreError {
      let refusal = Refusal(error)
      journal.report(.transferFailed(name: "its boot script", reason: refusal.reason), of: subject)
      throw refusal
    } catch let refusal as Refusal {
      journal.report(.transferFailed(name: "its boot script", reason: refusal.reason), of: subject)
      throw refusal
    }
  }

  /// What a machine gets for a plan.
  struct BootScript {
    /// `nil` for a plain 404.
    var text: String?
    /// Of the kernel, where one is loaded.
    var arguments: [String]?
  }

  /// The plan as a script.
  /// - Parameter token: makes the boot token of an allocated machine, once everything else is there.
  func script(
    for plan: BootPlan, of machine: BootContext, _ query: ScriptQuery, endpoint: String,
    token: (Provisioning, Server, ServerBinding) async throws -> String
  ) async throws -> BootScript {
    switch plan.action {
    case .agent(let name):
      for file in EnvironmentFile.allCases where assets.asset(.environment(name, file)) == nil {
        let architecture = query.architecture.environmentSuffix
        throw Refusal(
          .notFound,
          "no discovery agent for \(architecture) is installed: agent.directory has no \(architecture)/\(file.rawValue)"
        )
      }
      let arguments = KernelArguments.agent(
        mac: query.mac, endpoint: endpoint, overrides: configuration.extraAgentKernelArguments)
      return BootScript(text: IPXEScript.environment(name, arguments: arguments), arguments: arguments)
    case .environment(let name):
      return try await environmentScript(name, machine, query, endpoint: endpoint, token)
    case .disk(.http404) where query.isFirstScript:
      // Our own script would take a 404 for a failure and reboot; it leaves iPXE in the way that says "not this one".
      return BootScript(text: IPXEScript.disk(.ipxeExit, isUEFI: query.architecture != .bios))
    case .disk(let method): return BootScript(text: IPXEScript.disk(method, isUEFI: query.architecture != .bios))
    case .script: return BootScript(text: IPXEScript.first)
    case .silence, .program: throw Refusal(.notFound, "nothing to boot: \(plan.reason)")
    }
  }

  /// Sends an allocated machine to its Environment, with the token that gets it its configuration there.
  private func environmentScript(
    _ name: String, _ machine: BootContext, _ query: ScriptQuery, endpoint: String,
    _ token: (Provisioning, Server, ServerBinding) async throws -> String
  ) async throws -> BootScript {
    guard let provisioning, let uuid = query.uuid, let server = machine.server, let binding = machine.binding else {
      throw Refusal(.notFound, "this boot host provisions no machines")
    }
    guard let environment = try await store.get(EnvironmentKind.self, named: name) else {
      throw Refusal(.notFound, "there is no Environment \(name)")
    }
    let architecture = query.architecture.environmentSuffix
    if case .notReady(let reason) = environment.readiness(architecture: architecture) {
      throw Refusal(.preconditionFailed, reason)
    }
    // The status may be of before a restart: what counts is what can be served.
    let files = environment.sources(for: architecture)
    for file in files where assets.asset(file.name) == nil {
      throw Refusal(.preconditionFailed, "Environment \(name) is not ready: \(file.servedPath) is not here yet")
    }
    let own = environment.kernelArguments(for: architecture)
    // A line break would begin a command of the script.
    if let bad = own.first(where: { !PlainText.isPlain($0) }) {
      throw Refusal(
        .preconditionFailed, "a kernel argument of Environment \(name) has control characters: \(PlainText.line(bad))")
    }
    let arguments = KernelArguments.environment(
      own: own, endpoint: endpoint, uuid: uuid,
      token: configuration.configAccess == .token ? try await token(provisioning, server, binding) : nil,
      sideroLink: configuration.sideroLink)
    return BootScript(
      text: IPXEScript.environment(
        name, architecture: architecture, hasInitramfs: files.contains { $0.file == .initramfs },
        arguments: arguments),
      arguments: arguments)
  }

  /// Where this machine reaches us: as configured, else the address it used, which a port forwarding or a second
  /// interface makes differ from what we would guess. Only numbers are taken from the Host header: it ends up in a
  /// kernel command line, and the agent resolves no names. What is configured is an IPv4 address, of no use to who came by
  /// IPv6 and may have no other.
  private func endpoint(_ request: Request, _ context: PeerContext) throws(Refusal) -> String {
    if let configured = configuration.apiEndpoint, !context.isIPv6 { return configured }
    if let host = request.head.authority, let used = Endpoint(host, defaultPort: 80) { return used.description }
    if let local = context.local { return local.description }
    throw Refusal(.badRequest, "the Host header names no address")
  }
}

extension BootPlan.Action {
  /// For the journal.
  var description: String {
    switch self {
    case .silence: "nothing"
    case .program(let name): name
    case .script: "the first script"
    case .agent(let name), .environment(let name): "Environment \(name)"
    case .disk: "its disk"
    }
  }
}
