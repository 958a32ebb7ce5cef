/// Takes Servers for people who have no Cluster API, and gives them back: the making and deleting of ServerBindings.
///
/// Two allocations at once never get the same Server: a binding has the Server's name, and the store makes it once.
public struct Allocation: Sendable {
  /// What is wanted.
  public struct Order: Sendable {
    public enum Target: Hashable, Sendable {
      /// Any Servers of that class.
      case serverClass(String)
      /// That one.
      case server(String)
    }

    public var target: Target
    /// How many of a class: all of them or none.
    public var count: Int
    /// The machine configuration, kept as a Secret.
    public var config: Secret?
    public var hostname: String?
    /// Of the bindings.
    public var labels: [String: String]?
    /// Who asks, for the bindings' annotation.
    public var by: String?

    public init(_ target: Target, count: Int = 1, config: Secret? = nil, by: String? = nil) {
      self.target = target
      self.count = count
      self.config = config
      self.by = by
    }
  }

  /// The key of a configuration's Secret, as Cluster API has it.
  public static let configKey = "value"
  /// Who allocated it.
  public static let allocatedBy = "metal.sidero.dev/allocated-by"

  private let store: any ResourceStore
  private let secrets: any SecretStore
  private let classes: any ServerClassView
  private let newID: @Sendable () -> String

  /// - Parameters:
  ///   - classes: who is in which class; ``ListingClassView`` where nobody knows better.
  ///   - newID: at random, for the Secrets' names: lower-case letters and digits.
  public init(
    store: any ResourceStore, secrets: any SecretStore, classes: any ServerClassView,
    newID: @escaping @Sendable () -> String
  ) {
    self.store = store
    self.secrets = secrets
    self.classes = classes
    self.newID = newID
  }

  /// Who would be taken now.
  public func plan(_ order: Order) async throws(AllocationError) -> [String] {
    try await choice(order, count: order.count, without: [])
  }

  /// Takes them.
  public func allocate(_ order: Order) async throws(AllocationError) -> [ServerBinding] {
    var bindings: [ServerBinding] = []
    var tried: Set<String> = []
    do throws(AllocationError) {
      // Again when others were faster; each time there are fewer left.
      while bindings.count < order.count {
        for name in try await choice(order, count: order.count - bindings.count, without: tried) {
          tried.insert(name)
          if let binding = try await bind(name, order) { bindings.append(binding) }
        }
      }
    } catch {
      // All or none. What nobody has used yet is released like anything else.
      for binding in bindings { _ = try? await release(binding.metadata.name) }
      throw error
    }
    return bindings
  }

  /// Gives a Server back: deletes its binding, whose finalizer asks for the wipe.
  /// - Parameter force: also where the binding is a Cluster API machine's.
  public func release(_ server: String, force: Bool = false) async throws(AllocationError) -> ServerBinding {
    let binding = try await reading { () throws(StoreError) in
      try await store.get(ServerBindingKind.self, named: server)
    }
    if let machine = binding?.spec.metalMachineRef?.name, !force {
      throw .belongsToMachine(server: server, machine: machine)
    }
    do throws(StoreError) {
      return try await store.delete(ServerBindingKind.self, named: server, version: nil)
    } catch .notFound {
      throw .notAllocated(server)
    } catch {
      throw .store(error)
    }
  }

  /// The Secret that ``allocate(_:)`` made for a binding: to be deleted with it. A binding that somebody wrote may name
  /// any Secret, so only a name that this Server's alone can be counts: `<name>-config-<id>`, and of the Server
  /// `<name>-config` no Secret either.
  public static func config(of binding: ServerBinding) -> SecretName? {
    let prefix = configPrefix(binding.metadata.name)
    guard let reference = binding.spec.configRef, reference.namespace == SecretName.siderite,
      reference.name.hasPrefix(prefix)
    else { return nil }
    let id = reference.name.dropFirst(prefix.count)
    guard !id.isEmpty, id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }),
      !SecretName.kinds.contains(String(id))
    else { return nil }
    return SecretName(namespace: reference.namespace, name: reference.name)
  }

  /// The next ones to take; as many as are wanted.
  private func choice(
    _ order: Order, count: Int, without tried: Set<String>
  ) async throws(AllocationError) -> [String] {
    switch order.target {
    case .server(let name):
      guard
        let server = try await reading({ () throws(StoreError) in
          try await store.get(ServerKind.self, named: name)
        })
      else { throw .noSuchServer(name) }
      let isTaken = tried.contains(name)
      if let reason = isTaken ? "it is in use" : try await refusal(server) {
        throw .refused(server: name, reason: reason)
      }
      return [name]
    case .serverClass(let name):
      guard
        let members = try await reading({ () throws(StoreError) in
          try await classes.members(ofClass: name)
        })
      else { throw .noSuchClass(name) }
      var chosen: [String] = []
      var reasons: [String: Int] = members.inUse.isEmpty ? [:] : ["it is in use": members.inUse.count]
      for name in ServerAllocator.order(available: members.available, inUse: members.inUse) where !tried.contains(name)
      {
        // What the view says may be a moment old; what the store says counts.
        let server = try await reading { () throws(StoreError) in try await store.get(ServerKind.self, named: name) }
        guard let server else { continue }
        if let reason = try await refusal(server) {
          reasons[reason, default: 0] += 1
          continue
        }
        chosen.append(name)
        if chosen.count == count { return chosen }
      }
      throw .tooFew(serverClass: name, wanted: count, found: chosen.count, reasons: reasons)
    }
  }

  private func refusal(_ server: Server) async throws(AllocationError) -> String? {
    if let reason = server.allocationRefusal { return reason }
    let name = server.metadata.name
    let binding = try await reading { () throws(StoreError) in
      try await store.get(ServerBindingKind.self, named: name)
    }
    return binding == nil ? nil : "it is in use"
  }

  /// - Returns: `nil` when somebody else was faster.
  private func bind(_ server: String, _ order: Order) async throws(AllocationError) -> ServerBinding? {
    var binding = ServerBinding(metadata: ObjectMeta(name: server, labels: order.labels), spec: ServerBindingSpec())
    binding.metadata.finalizers = [ServerBinding.releaseFinalizer]
    if let by = order.by { binding.metadata.annotations = [Self.allocatedBy: PlainText.line(by)] }
    binding.spec.hostname = order.hostname
    if case .serverClass(let name) = order.target {
      binding.spec.serverClassRef = ObjectReference(
        apiVersion: ServerClassKind.apiVersion, kind: ServerClassKind.kind, name: name)
    }
    var secret: SecretName?
    if let config = order.config {
      let name = SecretName(namespace: SecretName.siderite, name: Self.configPrefix(server) + newID())
      binding.spec.configRef = SecretKeyRef(namespace: name.namespace, name: name.name, key: Self.configKey)
      // First: a machine that boots the moment it is bound finds it.
      try await reading { () throws(StoreError) in try await secrets.setSecret(name, to: [Self.configKey: config]) }
      secret = name
    }
    do throws(StoreError) {
      return try await store.create(binding)
    } catch {
      if let secret { try? await secrets.setSecret(secret, to: nil) }
      if case .alreadyExists = error { return nil }
      throw .store(error)
    }
  }

  private func reading<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(AllocationError) -> Value {
    do throws(StoreError) { return try await body() } catch { throw .store(error) }
  }

  private static func configPrefix(_ server: String) -> String { "\(server)-config-" }
}
