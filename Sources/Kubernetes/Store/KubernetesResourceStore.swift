public import BareMetal
import FoundationEssentials
import Synchronization

/// Resources in a Kubernetes cluster: the store of boot hosts that share one.
///
/// Objects are coded as ``Resource`` codes them; their definitions (CRDs) must be installed and have a status subresource.
/// Changes go out as merge patches of what differs, with the version they were computed from: what is not modelled here
/// (`managedFields`, fields of newer versions) stays as it is, and one request does.
///
/// A write whose answer is lost is found out about: made again where that does no harm, looked for where it would. What
/// then still is not known fails as ``StoreError/unavailable(message:)``; whoever reads the object again sees it.
public final class KubernetesResourceStore: ResourceStore {
  let client: KubernetesClient
  let known = KnownObjects()
  /// Objects whose creation has not come to its end: uid by kind and name, nothing where it is not known whether they
  /// are there.
  let unfinished = Mutex<[String: String]>([:])
  private let reporter: UnreadableReporter
  /// Of what is listed and watched, which is what stays.
  private let strings = SharedStrings()

  /// - Parameter events: is told of objects that cannot be read, and of those that can be again.
  public init(_ client: KubernetesClient, events: any EventRecorder = NoEventRecorder()) {
    self.client = client
    reporter = UnreadableReporter(events: events, logger: client.logger)
  }

  /// Whether the API server answers, as far as is known.
  public var contact: KubernetesClient.Contact { client.contact }

  public func get<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String
  ) async throws(StoreError) -> Resource<Kind>? {
    guard let path = ResourcePath(kind, named: name) else { return nil }
    let received: Received<Resource<Kind>>?
    do throws(KubernetesError) {
      received = try await client.get(path, as: Received<Resource<Kind>>.self)
    } catch {
      throw error.asStoreError(kind: Kind.kind, name: name)
    }
    switch received {
    case nil:
      known.forget(kind, name)
      return nil
    case .object(let object)?:
      known.keep(object)
      return object
    case .unreadable(let unreadable)?:
      reporter.report(unreadable, of: kind)
      throw .invalid(kind: Kind.kind, name: name, message: "it cannot be read: \(unreadable.problem)")
    }
  }

  public func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    try await listed(kind) { [client, strings] () throws(KubernetesError) in
      try await client.list(ResourcePath(kind), as: Resource<Kind>.self) { $0.compact(sharing: strings) }
    }
  }

  public func list<Kind: ResourceKind>(
    _ kind: Kind.Type, notOlderThan version: String
  ) async throws(StoreError) -> ResourceList<Kind> {
    try await listed(kind) { [client, strings] () throws(KubernetesError) in
      try await client.list(ResourcePath(kind), notOlderThan: version, as: Resource<Kind>.self) {
        $0.compact(sharing: strings)
      }
    }
  }

  private func listed<Kind: ResourceKind>(
    _ kind: Kind.Type, _ list: () async throws(KubernetesError) -> KubernetesList<Resource<Kind>>
  ) async throws(StoreError) -> ResourceList<Kind> {
    do throws(KubernetesError) {
      let found = try await list()
      for object in found.items { reporter.see(object) }
      for unreadable in found.unreadable { reporter.report(unreadable, of: kind) }
      // By key as bytes: the server sorts by its database's keys, which are namespace/name.
      var list = ResourceList(
        items: found.items.sorted { $0.metadata.key < $1.metadata.key }, resourceVersion: found.resourceVersion)
      list.unreadable = found.unreadable.map(\.key).sorted()
      return list
    } catch {
      throw error.asStoreError(kind: Kind.kind, name: "")
    }
  }

  /// As ``ResourceStore/watch(_:after:)`` says. The stream goes on over ends of the connection and absence of the server;
  /// read it by one task, whose pace is the stream's.
  public func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    var backlog: [WatchEvent<Kind>] = []
    var position = version
    if position == nil {
      let list = try await list(kind)
      backlog = list.items.reversed().map { .added($0) }
      position = list.resourceVersion
    }
    do throws(KubernetesError) {
      let watch = try await client.watch(ResourcePath(kind), after: position ?? "0", as: Resource<Kind>.self)
      let cursor = WatchCursor(backlog: backlog, watch: watch, reporter: reporter, strings: strings)
      return AsyncStream { await cursor.next() }
    } catch {
      throw error.asStoreError(kind: Kind.kind, name: "")
    }
  }
}

/// One stream's place: what there was, then what happens. Read by one task at a time, as the stream is.
private final class WatchCursor<Kind: ResourceKind>: @unchecked Sendable {
  /// The next one last.
  private var backlog: [WatchEvent<Kind>]
  private let watch: KubernetesWatch<Resource<Kind>>
  private let reporter: UnreadableReporter
  private let strings: SharedStrings

  init(
    backlog: [WatchEvent<Kind>], watch: KubernetesWatch<Resource<Kind>>, reporter: UnreadableReporter,
    strings: SharedStrings
  ) {
    self.backlog = backlog
    self.watch = watch
    self.reporter = reporter
    self.strings = strings
  }

  func next() async -> WatchEvent<Kind>? {
    if let event = backlog.popLast() { return event }
    while true {
      switch await watch.next() {
      case .added(var object):
        object.compact(sharing: strings)
        reporter.see(object)
        return .added(object)
      case .modified(var object):
        object.compact(sharing: strings)
        reporter.see(object)
        return .modified(object)
      case .deleted(let object): return .deleted(object)
      case .unreadable(let unreadable): reporter.report(unreadable, of: Kind.self)
      case .reset: return .reset
      case nil: return nil
      }
    }
  }
}
