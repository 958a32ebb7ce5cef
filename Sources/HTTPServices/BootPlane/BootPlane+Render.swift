public import BareMetal
import HTTPTypes
import Wire

extension BootPlane {
  /// What a Server would be served, by what serves it; nothing is done, and no token is made.
  public func render(_ server: Resource<ServerKind>) async throws -> RenderedBoot {
    guard let uuid = SystemUUID(server.metadata.name) else {
      throw Refusal(
        .unprocessableContent, "Server \(server.metadata.name) is not named by a UUID: no machine asks by it")
    }
    let machine = try await BootContext(of: uuid, in: store)
    let mac = (server.spec.hardware?.network?.interfaces ?? []).compactMap { $0.mac.flatMap { MACAddress($0) } }.first
    let plan = planner.plan(BootRequest(stage: .script, architecture: .uefiX64, uuid: uuid), context: machine)
    var rendered = RenderedBoot(
      server: server.metadata.name, boots: plan.action.description, reason: plan.reason, offers: offers,
      scripts: try await scripts(uuid, mac, machine))
    guard let provisioning, machine.binding != nil else { return rendered }
    do {
      let patched = try await provisioning.patchedConfiguration(for: machine, configuration.sideroLink)
      rendered.configuration = patched.text
      rendered.patchedFields = patched.fields
    } catch let error as MachineConfigError {
      rendered.configurationProblem = error.description
    } catch let error as Refusal {
      rendered.configurationProblem = error.reason
    }
    return rendered
  }

  /// Where machines reach us, as far as it is known before one asks.
  private var renderedEndpoint: String {
    configuration.apiEndpoint ?? "\((configuration.addresses.first ?? .any).urlHost):\(configuration.port)"
  }

  /// What DHCP offers, which depends on the client and on nothing of the Server.
  private var offers: [RenderedBoot.Offer] {
    let root = "http://\(renderedEndpoint)"
    let stages: [(stage: BootRequest.Stage, name: String)] = [
      (.firmwareTFTP, "PXE"), (.firmwareHTTP, "HTTP boot"), (.ipxe, "iPXE"),
    ]
    return BootArchitecture.allCases.flatMap { architecture in
      stages.compactMap { stage, name in
        if architecture == .bios, stage == .firmwareHTTP { return nil }
        let plan = planner.plan(BootRequest(stage: stage, architecture: architecture), context: BootContext())
        var offer = RenderedBoot.Offer(client: "\(architecture.rawValue) \(name)", reason: plan.reason)
        switch plan.action {
        case .program(let file) where stage == .firmwareHTTP:
          (offer.vendorClass, offer.bootFile) = ("HTTPClient", "\(root)/tftp/\(file)")
        case .program(let file):
          (offer.vendorClass, offer.bootFile) = ("PXEClient", file)
          offer.nextServer = String(renderedEndpoint.prefix { $0 != ":" })
        case .script: (offer.vendorClass, offer.bootFile) = ("PXEClient", "\(root)/boot.ipxe")
        case .silence, .agent, .environment, .disk: break
        }
        return offer
      }
    }
  }

  private func scripts(
    _ uuid: SystemUUID, _ mac: MACAddress?, _ machine: BootContext
  ) async throws -> [RenderedBoot.Script] {
    var scripts: [RenderedBoot.Script] = []
    for architecture in BootArchitecture.allCases {
      var script = RenderedBoot.Script(architectures: [])
      let plan = planner.plan(
        BootRequest(stage: .script, architecture: architecture, mac: mac, uuid: uuid), context: machine)
      do {
        let made = try await self.script(
          for: plan, of: machine, ScriptQuery(uuid: uuid, mac: mac, architecture: architecture),
          endpoint: renderedEndpoint
        ) { _, _, _ in "<token>" }
        (script.script, script.kernelArguments) = (made.text, made.arguments)
      } catch let refusal as Refusal {
        script.problem = refusal.reason
      }
      if let index = scripts.firstIndex(where: {
        $0.script == script.script && $0.problem == script.problem && $0.kernelArguments == script.kernelArguments
      }) {
        scripts[index].architectures.append(architecture.rawValue)
      } else {
        script.architectures = [architecture.rawValue]
        scripts.append(script)
      }
    }
    return scripts
  }
}
