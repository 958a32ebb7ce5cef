public import BareMetal
public import Wire

/// Keeps what Environments serve, and what their conditions say, true.
///
/// What is decided is ``EnvironmentPlan``'s, what is fetched the ``AssetFetcher``'s. Progress there wakes nobody up: as long
/// as something is under way it is looked at every second, which costs nothing but a look into memory, and written down
/// only when the cache has news, every few seconds.
public struct EnvironmentReconciler: Reconciler {
  /// Between two looks while something is under way.
  private static let unsettled = Duration.seconds(1)
  /// Between two looks at the cache otherwise: it finds newer contents, and tries again, by itself.
  private static let settled = Duration.seconds(5)

  public let name = "environment"

  private let store: any ResourceStore
  private let fetcher: any AssetFetcher
  private let table: AssetTable
  private let now: @Sendable () -> Timestamp

  /// - Parameters:
  ///   - table: what the boot plane serves.
  ///   - now: the wall clock.
  public init(
    store: any ResourceStore, fetcher: any AssetFetcher, table: AssetTable, now: @escaping @Sendable () -> Timestamp
  ) {
    self.store = store
    self.fetcher = fetcher
    self.table = table
    self.now = now
  }

  public var sources: [WatchSource] { [WatchSource(EnvironmentKind.self)] }

  /// Once, before machines are answered: makes the default Environment if there is none (never touching one that is
  /// there), and serves what was served when the daemon ended, without any network.
  public func prepare() async throws {
    try await ensureDefault()
    try await serveKept()
  }

  /// Makes the default Environment if there is none, never touching one that is there.
  public func ensureDefault() async throws(StoreError) {
    guard try await store.get(EnvironmentKind.self, named: BootPlanner.defaultEnvironment) == nil else { return }
    do throws(StoreError) {
      _ = try await store.create(Environment.standard())
    } catch .alreadyExists {}
  }

  /// Serves what was served when the daemon ended, without any network.
  public func serveKept() async throws {
    for environment in try await store.list(EnvironmentKind.self).items {
      for action in try await plan(for: environment).actions where !action.isWrite {
        try await carryOut(action, on: environment)
      }
    }
    await fetcher.allHeld()
  }

  public func reconcile(_ name: String) async throws -> Requeue {
    guard let environment = try await store.get(EnvironmentKind.self, named: name) else {
      table.serve([:], ofEnvironment: name)
      await fetcher.hold([], contents: [], for: name)
      return .never
    }
    let plan = try await plan(for: environment)
    for action in plan.actions { try await carryOut(action, on: environment) }
    return .after(plan.isUnsettled ? Self.unsettled : Self.settled)
  }

  private func plan(for environment: Environment) async throws -> EnvironmentPlan {
    let sources = Set(environment.sources.map(\.source))
    let digests = Set((environment.status.served ?? [:]).values.map(\.digest))
    return EnvironmentPlan(
      for: environment, states: await fetcher.states(of: sources), contents: await fetcher.contents(digests), now: now()
    )
  }

  private func carryOut(_ action: EnvironmentPlan.Action, on environment: Environment) async throws {
    switch action {
    case .hold(let sources, let contents):
      await fetcher.hold(sources, contents: contents, for: environment.metadata.name)
    case .serve(let files): table.serve(files, ofEnvironment: environment.metadata.name)
    case .writeStatus(let status):
      var environment = environment
      environment.status = status
      _ = try await store.updateStatus(environment)
    }
  }
}

extension EnvironmentPlan.Action {
  fileprivate var isWrite: Bool {
    if case .writeStatus = self { true } else { false }
  }
}
