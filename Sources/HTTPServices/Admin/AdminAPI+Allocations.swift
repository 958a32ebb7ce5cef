import BareMetal
import HTTPTypes
import Hummingbird

extension AdminAPI {
  /// Machines that one order takes; more are several orders.
  private static let countAtMost = 1000

  func addAllocations(to router: Router<PeerContext>) {
    router.post("allocations") { request, _ in try await allocate(request) }
    router.delete("allocations/:name") { request, context in try await release(request, context) }
  }

  private var allocation: Allocation {
    Allocation(
      store: store, secrets: servers.secrets, classes: classes,
      newID: { String(UInt64.random(in: .min ... .max), radix: 36) })
  }

  /// `POST /allocations`: an ``AllocationOrder``; the list of the ServerBindings is answered, with `dryRun` of those that
  /// would be made.
  private func allocate(_ request: Request) async throws -> Response {
    var request = request
    let asked: AllocationOrder = try await request.json(limit: Limits.object)
    let by = Self.who(asked.by)
    var order = Allocation.Order(try await target(asked), count: asked.count ?? 1, config: nil, by: by)
    guard (1...Self.countAtMost).contains(order.count) else {
      throw Refusal(.badRequest, "count is from 1 to \(Self.countAtMost)")
    }
    if let config = asked.config {
      guard !config.isEmpty else { throw Refusal(.unprocessableContent, "the machine configuration is empty") }
      order.config = Secret(config)
    }
    do {
      guard asked.dryRun != true else {
        let names = try await allocation.plan(order)
        return try .json(KubernetesList<ServerBindingKind>(names.map { Self.binding(of: $0, asked) }))
      }
      let bindings = try await allocation.allocate(order)
      for binding in bindings {
        let from = asked.serverClass.map { " from class \($0)" } ?? ""
        editor.note("allocated\(from)", ServerBindingKind.self, binding.metadata.name, by: by)
      }
      return try .json(KubernetesList<ServerBindingKind>(bindings), status: .created)
    } catch {
      throw (error as? AllocationError).map { Refusal($0) } ?? error
    }
  }

  private func target(_ asked: AllocationOrder) async throws -> Allocation.Order.Target {
    switch (asked.serverClass, asked.server) {
    case (let name?, nil): return .serverClass(name)
    case (nil, let text?):
      guard (asked.count ?? 1) == 1 else { throw Refusal(.badRequest, "one Server is one: count is of a class") }
      return .server(try await serverName(text))
    default: throw Refusal(.badRequest, "give serverClass or server, one of them")
    }
  }

  private static func binding(of name: String, _ asked: AllocationOrder) -> ServerBinding {
    let reference = asked.serverClass.map {
      ObjectReference(apiVersion: ServerClassKind.apiVersion, kind: ServerClassKind.kind, name: $0)
    }
    return ServerBinding(metadata: ObjectMeta(name: name), spec: ServerBindingSpec(serverClassRef: reference))
  }

  /// `DELETE /allocations/{name}`: with `force=true` also a Cluster API machine's; the ServerBinding is answered.
  private func release(_ request: Request, _ context: PeerContext) async throws -> Response {
    let options = try ResourceOptions(request)
    let name = try await boundName(PlainText.line(try context.parameters.require("name")))
    let binding = try await editor.existing(ServerBindingKind.self, named: name)
    // Before it is done: its disks are erased. The use case says the same of a machine's, after nothing was done.
    if binding.spec.metalMachineRef == nil || options.isForced {
      editor.note("released", ServerBindingKind.self, name, by: options.by)
    }
    let released: ServerBinding
    do {
      released = try await allocation.release(name, force: options.isForced)
    } catch {
      throw Refusal(error)
    }
    return try .json(released)
  }

  /// A binding may outlive its Server.
  private func boundName(_ text: String) async throws -> String {
    if try await store.get(ServerBindingKind.self, named: text) != nil { return text }
    let name = try await serverName(text)
    guard try await store.get(ServerBindingKind.self, named: name) != nil else {
      throw Refusal(AllocationError.notAllocated(name))
    }
    return name
  }
}

extension Refusal {
  init(_ error: AllocationError) {
    switch error {
    case .noSuchClass, .noSuchServer: self.init(.notFound, error.description)
    case .refused, .tooFew, .notAllocated, .belongsToMachine: self.init(.conflict, error.description)
    case .store(let error): self.init(error)
    }
  }
}
