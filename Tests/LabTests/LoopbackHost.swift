import BareMetal
import Foundation
import HTTPServices
import Logging
import SQLiteStore
import ServiceLifecycle
import Synchronization
import Wire

/// A boot plane on loopback, with a store and Secrets for the time of a test; it logs in to BMCs with `ipmitool`.
final class LoopbackHost: Sendable {
  let secrets = LoopbackSecrets()
  private let journal = BootJournal(now: { LoopbackHost.now() })
  let store: SQLiteResourceStore
  private let directory: URL
  private let log = Mutex<[String]>([])

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "siderite-lab.\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    store = try SQLiteResourceStore(
      path: directory.appending(path: "resources.sqlite").path, now: { LoopbackHost.now() })
  }

  deinit {
    store.close()
    try? FileManager.default.removeItem(at: directory)
  }

  static func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

  func server() async throws -> Server? { try await store.list(ServerKind.self).items.first }
  var messages: [String] { journal.records().flatMap { $0.events.map(\.message) } }
  /// `ADDRESS:PORT as USER: on`
  var logins: [String] { log.withLock { $0 } }

  /// Serves while `body` runs with the port.
  func serving<Result: Sendable>(
    accepted: Bool, _ body: @Sendable @escaping (UInt16) async throws -> Result
  ) async throws -> Result {
    let (ports, continuation) = AsyncStream<UInt16>.makeStream()
    let quiet = Logger(label: "lab") { _ in SwiftLogNoOpLogHandler() }
    var configuration = BootPlaneConfiguration()
    configuration.addresses = [.loopback]
    configuration.port = 0
    configuration.autoAcceptServers = accepted
    let plane = BootPlane(
      configuration: configuration, planner: BootPlanner(programs: [:]), assets: AssetTable(), store: store,
      journal: journal,
      handover: BMCHandover(
        store: store, secrets: secrets, allowsLoopback: true, now: { LoopbackHost.now() },
        controller: { method in InBandController(method: method) { line in self.log.withLock { $0.append(line) } } }),
      wipes: WipeHandover(store: store, secrets: secrets, now: { LoopbackHost.now() }), logger: quiet,
      now: { LoopbackHost.now() }, onListening: { continuation.yield($0.first?.port ?? 0) })
    let group = ServiceGroup(configuration: .init(services: [plane], logger: quiet))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { continuation.finish() }
        try await group.run()
      }
      guard let port = await ports.first(where: { _ in true }) else {
        try await tasks.waitForAll()
        throw Command.Failure(description: "the boot plane does not listen")
      }
      do {
        let result = try await body(port)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return result
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
    }
  }
}

/// Secrets in memory.
final class LoopbackSecrets: SecretStore {
  private let all = Mutex<[SecretName: [String: Secret]]>([:])

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? { all.withLock { $0[name] } }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    all.withLock { $0[name] = values }
  }
}
