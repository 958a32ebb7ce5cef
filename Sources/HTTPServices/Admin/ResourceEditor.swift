import BareMetal
import HTTPTypes
import Logging
import Wire

/// What people do to objects: looked at as a whole, with everything that is wrong at once; noted in the journal or the
/// log with who did it, before it is done; and carried out by compare and swap.
///
/// Status is what was observed: nobody sets it here.
struct ResourceEditor: Sendable {
  let store: any ResourceStore
  let journal: any BootEventSink
  /// Says which patches of machine configurations can apply to none.
  let patcher: MachineConfigPatcher?
  let now: @Sendable () -> Timestamp
  let logger: Logger

  /// Reads and writes of one object before somebody else's changes are told as a conflict.
  static let attempts = 8

  func reader(_ options: ResourceOptions) -> ManifestReader { ManifestReader(options, patcher: patcher) }

  func existing<Kind: ManifestKind>(_ kind: Kind.Type, named name: String) async throws -> Resource<Kind> {
    guard let object = try await store.get(kind, named: name) else { throw Self.notFound(kind, name) }
    return object
  }

  func create<Kind: ManifestKind>(
    _ kind: Kind.Type, _ object: JSONValue, in namespace: String? = nil, _ options: ResourceOptions
  ) async throws -> Resource<Kind> {
    let object = namespace.map { object.placed(in: $0) } ?? object
    var new = try reader(options).resource(kind, from: object).value
    if let namespace, new.metadata.namespace != namespace {
      throw Refusal(.badRequest, "metadata.namespace is \(new.metadata.namespace ?? ""), not \(namespace)")
    }
    new.status = Kind.Status()
    guard new.metadata.resourceVersion == nil else {
      throw Refusal(.badRequest, "metadata.resourceVersion may not be set at creation")
    }
    new.metadata.deletionTimestamp = nil
    guard try await store.get(kind, named: new.metadata.key) == nil else {
      throw Refusal(StoreError.alreadyExists(kind: Kind.kind, name: new.metadata.key))
    }
    new = try await admit(new, replacing: nil, options)
    if options.isDryRun { return new }
    note("\(Kind.kind) created", kind, new.metadata.key, by: options.by)
    return try await store.create(new)
  }

  func replace<Kind: ManifestKind>(
    _ kind: Kind.Type, named name: String, by object: JSONValue, _ options: ResourceOptions
  ) async throws -> Resource<Kind> {
    let new = try reader(options).resource(kind, from: object).value
    guard new.metadata.resourceVersion != nil else {
      throw Refusal(
        .unprocessableContent, "metadata.resourceVersion is missing: an update says which state it was made from")
    }
    return try await replace(try await existing(kind, named: name), by: new, options)
  }

  /// Changes what is there; again when somebody else wrote in between, unless the patch says which state it is for.
  func patch<Kind: ManifestKind>(
    _ kind: Kind.Type, named name: String, _ patch: ResourcePatch, _ options: ResourceOptions
  ) async throws -> Resource<Kind> {
    try await again { () async throws in
      let old = try await existing(kind, named: name)
      let before = JSONValue(encoding: old)
      let after = try patch.applied(to: before)
      guard after.fields["status"] == before.fields["status"] else {
        throw Refusal(
          .unprocessableContent, "status is what was observed: it cannot be set",
          causes: [Refusal.Cause(field: "status", message: "is what was observed: it cannot be set")])
      }
      let new = try reader(options).resource(kind, from: after).value
      return try await replace(old, by: new, options)
    }
  }

  func delete<Kind: ManifestKind>(
    _ kind: Kind.Type, named name: String, _ deletion: ResourceDeletion, _ options: ResourceOptions
  ) async throws -> Resource<Kind> {
    let object = try await existing(kind, named: name)
    let preconditions = deletion.preconditions
    guard preconditions?.resourceVersion.map({ $0 == object.metadata.resourceVersion }) ?? true,
      preconditions?.uid.map({ $0 == object.metadata.uid }) ?? true
    else { throw Refusal(StoreError.conflict(kind: Kind.kind, name: name)) }
    if kind is ServerKind.Type, !options.isForced, try await store.get(ServerBindingKind.self, named: name) != nil {
      throw Refusal(
        .conflict, "Server \(name) is in use: release it first ('siderite release'), or delete it with --force")
    }
    if options.isDryRun { return object }
    note("\(Kind.kind) deleted", kind, name, by: options.by)
    if kind is ServerKind.Type, options.isForced { try await allowDeletion(ofServer: name) }
    return try await store.delete(kind, named: name, version: preconditions?.resourceVersion)
  }

  /// Stores what was made of `old`.
  func replace<Kind: ManifestKind>(
    _ old: Resource<Kind>, by given: Resource<Kind>, _ options: ResourceOptions
  ) async throws -> Resource<Kind> {
    guard given.metadata.key == old.metadata.key else {
      throw Refusal(
        .unprocessableContent, "metadata.name is \(given.metadata.key), not \(old.metadata.key): names stay")
    }
    guard given.metadata.resourceVersion == old.metadata.resourceVersion,
      given.metadata.uid == nil || given.metadata.uid == old.metadata.uid
    else { throw StoreError.conflict(kind: Kind.kind, name: old.metadata.key) }
    let changes = Kind.problems(given.spec, replacing: old.spec)
    guard changes.isEmpty else { throw Refusal(invalid: "\(Kind.kind) \(old.metadata.key)", changes) }
    var new = old
    new.metadata.labels = given.metadata.labels
    new.metadata.annotations = given.metadata.annotations
    new.metadata.finalizers = given.metadata.finalizers
    new.metadata.ownerReferences = given.metadata.ownerReferences
    new.spec = given.spec
    new = try await admit(new, replacing: old, options)
    let paths = JSONValue(encoding: old).mergePatch(to: JSONValue(encoding: new)).changedPaths
    if options.isDryRun || paths.isEmpty { return new }
    note(Self.change(paths), Kind.self, new.metadata.key, by: options.by)
    return try await store.update(new)
  }

  /// The named escape: nothing holds such a Server any longer.
  private func allowDeletion(ofServer name: String) async throws {
    try await again { () async throws in
      var server = try await existing(ServerKind.self, named: name)
      server.metadata.annotations = (server.metadata.annotations ?? [:]).merging(
        [Server.forceDeleteAnnotation: "true"]) { $1 }
      _ = try await store.update(server)
    }
  }

  /// Does it again as long as somebody else writes in between.
  func again<Result>(_ body: () async throws -> Result) async throws -> Result {
    for _ in 1..<Self.attempts {
      do {
        return try await body()
      } catch let error as StoreError {
        guard case .conflict = error else { throw error }
      }
    }
    return try await body()
  }

  /// Into the journal, if it is about a machine, and the log.
  func note<Kind: ManifestKind>(_ change: String, _ kind: Kind.Type, _ name: String, by: String) {
    logger.notice(
      "A person changes an object",
      metadata: ["kind": "\(Kind.kind)", "name": "\(name)", "change": "\(change)", "by": "\(by)"])
    guard kind is ServerKind.Type || kind is ServerBindingKind.Type, let uuid = SystemUUID(name) else { return }
    journal.report(.changeOrdered(change: change, by: by), of: BootSubject(uuid: uuid))
  }

  /// `spec.accepted, metadata.labels.rack changed`; without values, which may be secrets.
  private static func change(_ paths: [String]) -> String {
    let named = paths.prefix(4).joined(separator: ", ")
    return "\(named)\(paths.count > 4 ? " and \(paths.count - 4) more" : "") changed"
  }

  private static func notFound<Kind: ManifestKind>(_ kind: Kind.Type, _ name: String) -> Refusal {
    Refusal(.notFound, "\(Kind.plural) \"\(name)\" not found")
  }
}

extension JSONValue {
  /// An object that says nothing of its namespace, in this one.
  fileprivate func placed(in namespace: String) -> JSONValue {
    guard (fields["metadata"]?.fields["namespace"]?.text ?? "").isEmpty else { return self }
    return merging(.object(["metadata": .object(["namespace": .string(namespace)])]))
  }
}
