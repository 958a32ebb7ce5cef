import BareMetal

/// Copies every resource of one store, and the Secrets they name, into another, so that machines are what they were: in use,
/// clean, being wiped. Nothing of the other store is changed or taken away, nothing of this one either.
///
/// Bindings come before Servers: no Server is ever there without the binding that says that it is in use. Ids are the new
/// store's, so what refers to them is brought along.
struct StoreCopy {
  /// What becomes of one object.
  struct Step {
    enum Outcome: Hashable {
      case copied
      /// It is there, and says the same.
      case present
      /// It is there, and says something else: it stays as it is.
      case different(String)
      case failed(String)
    }

    var kind: String
    var name: String
    var outcome: Outcome
  }

  let source: any ResourceStore
  let target: any ResourceStore
  let sourceSecrets: any SecretStore
  let targetSecrets: any SecretStore
  /// The boot host that looks after the machines from now on; `nil`: as it is.
  let bootHost: String?
  let isDryRun: Bool

  /// - Parameter report: called for each object, as it is done.
  func run(_ report: (Step) -> Void) async throws(StoreError) {
    var ids: [String: String] = [:]
    for object in try await source.list(EnvironmentKind.self).items { report(try await copy(object).step) }
    for object in try await source.list(ServerClassKind.self).items { report(try await copy(object).step) }
    let bindings = try await source.list(ServerBindingKind.self).items
    for object in bindings {
      let (step, copied) = try await copy(object)
      if let old = object.metadata.uid { ids[old] = copied?.metadata.uid }
      report(step)
    }
    for server in try await source.list(ServerKind.self).items {
      for name in server.secretNames { report(try await copySecret(name)) }
      report(try await copy(server.moved(ids: ids, bootHost: bootHost)).step)
    }
    for object in bindings {
      guard let reference = object.spec.configRef else { continue }
      report(try await copySecret(SecretName(namespace: reference.namespace, name: reference.name)))
    }
  }

  private func copy<Kind: ResourceKind>(
    _ object: Resource<Kind>
  ) async throws(StoreError) -> (step: Step, copied: Resource<Kind>?) {
    let key = object.metadata.key
    func step(_ outcome: Step.Outcome) -> Step { Step(kind: Kind.kind, name: key, outcome: outcome) }
    if let there = try await target.get(Kind.self, named: key) {
      return (step(object.difference(from: there).map { .different($0) } ?? .present), there)
    }
    guard object.metadata.deletionTimestamp == nil else {
      return (step(.failed("it is being deleted: let that come to its end first")), nil)
    }
    guard !isDryRun else { return (step(.copied), nil) }
    var new = object
    new.metadata.resourceVersion = nil
    new.metadata.uid = nil
    new.metadata.generation = nil
    new.metadata.creationTimestamp = nil
    new.metadata.ownerReferences = nil
    do throws(StoreError) {
      return (step(.copied), try await target.create(new))
    } catch {
      if case .unavailable = error { throw error }
      return (step(.failed("\(error)")), nil)
    }
  }

  private func copySecret(_ name: SecretName) async throws(StoreError) -> Step {
    let title = "\(name.namespace)/\(name.name)"
    guard let values = try await sourceSecrets.secret(name) else {
      return Step(kind: "Secret", name: title, outcome: .failed("it is named, but not there"))
    }
    if let there = try await targetSecrets.secret(name) {
      return Step(
        kind: "Secret", name: title, outcome: there == values ? .present : .different("it has other values"))
    }
    if !isDryRun { try await targetSecrets.setSecret(name, to: values) }
    return Step(kind: "Secret", name: title, outcome: .copied)
  }
}

extension Resource {
  /// In what way the other says something else; `nil` where it does not.
  fileprivate func difference(from other: Resource<Kind>) -> String? {
    if spec != other.spec { return "its spec is another" }
    if status != other.status { return "its status is another" }
    return nil
  }
}

extension Resource<ServerKind> {
  /// The Secrets that its BMC's credentials are in.
  var secretNames: [SecretName] {
    let references = [spec.bmc?.userFrom, spec.bmc?.passFrom].compactMap { $0?.secretKeyRef }
    return Set(references.map { SecretName(namespace: $0.namespace, name: $0.name) }).sorted { $0.name < $1.name }
  }

  /// As it is to be elsewhere: what was done to the machine for a binding was done for the binding's copy.
  fileprivate func moved(ids: [String: String], bootHost: String?) -> Server {
    var server = self
    if let subject = server.status.switching?.subject, let new = ids[subject] { server.status.switching?.subject = new }
    if let bootHost { server.metadata.setBootHost(bootHost) }
    return server
  }
}
