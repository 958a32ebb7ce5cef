import BareMetal
import Foundation
import Synchronization
import Testing
import Wire

@testable import HTTPServices
@testable import siderite

/// Servers whose management controllers answer as told.
final class ManagedRack: Sendable {
  let rack: Rack
  let secrets = Secrets()
  let controllers = Controllers()

  init() throws { rack = try Rack() }

  var servers: ServerOperator {
    ServerOperator(
      store: rack.store, secrets: secrets, journal: rack.journal, logger: quiet,
      now: { Timestamp(seconds: 1_700_000_000) },
      controller: { [controllers] in Controller(method: $0, controllers: controllers) })
  }

  func admin(onListening: @escaping @Sendable () async -> Void = {}) -> AdminAPI {
    AdminAPI(
      socketPath: rack.folder + "/admin.sock", version: "1", store: rack.store, journal: rack.journal,
      servers: servers, patcher: MachineConfigPatcher(parser: YAMLConfigParser()), logger: quiet,
      onListening: onListening)
  }

  static func name(_ number: Int) -> String { "4c4c4544-0051-3610-8052-b4c04f4d463\(number)" }

  /// A Server with an IPMI BMC at 10.0.0.`number`, its password in the spec.
  @discardableResult
  func add(
    _ number: Int, accepted: Bool = true, inUse: Bool = false, labels: [String: String] = [:], hasBMC: Bool = true
  ) async throws -> String {
    var server = Server(
      metadata: ObjectMeta(name: Self.name(number), labels: labels),
      spec: ServerSpec(hostname: "r\(number)", accepted: accepted), status: ServerStatus(inUse: inUse))
    if hasBMC {
      server.spec.bmc = BMC(endpoint: "10.0.0.\(number)")
      server.spec.bmc?.user = "admin"
      server.spec.bmc?.pass = "secret"
    }
    return try await rack.store.create(server).metadata.name
  }

  func server(_ number: Int) async throws -> Server? {
    try await rack.store.get(ServerKind.self, named: Self.name(number))
  }

  /// Runs the administration socket while `body` asks it.
  func serving<Result: Sendable>(_ body: @Sendable @escaping () async throws -> Result) async throws -> Result {
    try await running { (listening: @escaping @Sendable (Bool) async -> Void) in
      self.admin { await listening(true) }
    } _: { _ in
      try await body()
    }
  }

  /// Sends JSON over the socket and gives the head and the body's lines, when the daemon is done with it.
  func ask(_ method: String, _ path: String, _ body: (any Encodable)? = nil) async throws -> (
    head: String, lines: [String]
  ) {
    let connection = try await RawConnection.open(socketPath: rack.folder + "/admin.sock")
    try await connection.write(try Self.request(method, path, body))
    let text = await connection.rest()
    let end = text.range(of: "\r\n\r\n")
    let lines = end.map { text[$0.upperBound...].split(whereSeparator: \.isNewline).filter { $0.hasPrefix("{") } } ?? []
    return (end.map { String(text[..<$0.lowerBound]) } ?? text, lines.map { String($0) })
  }

  static func request(_ method: String, _ path: String, _ body: (any Encodable)? = nil) throws -> String {
    let json = try body.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) } ?? ""
    return
      "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)"
  }

  /// Sends an order, and decodes what came.
  func order(_ order: BMCOrder) async throws -> [BMCOutcome] {
    try await serving {
      let answer = try await self.ask("POST", "/bmc", order)
      #expect(answer.head.hasPrefix("HTTP/1.1 200"))
      return try answer.lines.map { try JSONDecoder().decode(BMCOutcome.self, from: Data($0.utf8)) }
    }
  }

  /// What the controllers were asked, and what they answer.
  final class Controllers: Sendable {
    struct Asked: Hashable {
      var host: String
      var request: BMCRequest
    }

    private struct State {
      var asked: [Asked] = []
      var failures: [String: BMCFailure] = [:]
      var credentials: [String: Credentials] = [:]
      var console: Console?
      var held: Set<String> = []
    }

    private let state = Mutex(State())

    var asked: [Asked] { state.withLock(\.asked) }
    func fail(_ host: String, _ failure: BMCFailure?) { state.withLock { $0.failures[host] = failure } }
    func credentials(of host: String) -> Credentials? { state.withLock { $0.credentials[host] } }
    /// From now on this one answers nobody, until they give up.
    func hold(_ host: String) { state.withLock { _ = $0.held.insert(host) } }
    fileprivate func isHeld(_ host: String) -> Bool { state.withLock { $0.held.contains(host) } }
    func put(_ console: Console) { state.withLock { $0.console = console } }
    var console: Console? { state.withLock(\.console) }

    fileprivate func answer(_ host: String, _ credentials: Credentials?, _ request: BMCRequest) throws(BMCFailure)
      -> BMCAnswer
    {
      let failure = state.withLock { state in
        state.asked.append(Asked(host: host, request: request))
        state.credentials[host] = credentials
        return state.failures[host]
      }
      if let failure { throw failure }
      return switch request {
      case .power(let action, _): .power(action == .off || action == .soft ? .off : .on)
      case .powerStatus: .power(.on)
      default: .done
      }
    }
  }

  struct Controller: PowerController {
    let method: ManagementMethod
    let controllers: Controllers

    func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
      switch method {
      case .ipmi(let access):
        let answer = try controllers.answer(access.host, access.credentials, request)
        guard controllers.isHeld(access.host) else { return answer }
        // A stream that nobody writes to ends when the task is cancelled.
        let (never, continuation) = AsyncStream<Void>.makeStream()
        for await _ in never {}
        continuation.finish()
        throw BMCFailure(.cancelled, "given up")
      case .redfish(let access): return try controllers.answer(access.baseURL, access.credentials, request)
      case .managementAPI(let url): return try controllers.answer(url, nil, request)
      case .wakeOnLAN(let mac, _): return try controllers.answer(mac.description, nil, request)
      case .manual(let reason): throw BMCFailure(.manual, "this machine is switched by hand: \(reason)")
      }
    }

    func openConsole(takingOver: Bool) async throws(BMCFailure) -> any SerialConsole {
      guard let console = controllers.console else { throw BMCFailure(.busy, "the console is somebody else's") }
      return console
    }
  }

  /// A machine's serial port: echoes what is typed.
  final class Console: SerialConsole {
    let output: AsyncStream<ConsoleOutput>
    private let continuation: AsyncStream<ConsoleOutput>.Continuation
    /// Yields once, when the console is closed.
    let closed: AsyncStream<Void>
    private let closing: AsyncStream<Void>.Continuation

    init() {
      (output, continuation) = AsyncStream.makeStream()
      (closed, closing) = AsyncStream.makeStream()
    }

    func type(_ bytes: [UInt8]) async throws(BMCFailure) { continuation.yield(.bytes(bytes)) }

    func sendBreak() async throws(BMCFailure) { continuation.yield(.sentBreak) }

    func close() async {
      continuation.finish()
      closing.yield()
      closing.finish()
    }
  }

  /// Secrets in memory.
  final class Secrets: SecretStore {
    private let secrets = Mutex<[SecretName: [String: Secret]]>([:])

    func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? { secrets.withLock { $0[name] } }

    func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
      secrets.withLock { $0[name] = values }
    }
  }
}

extension Rack {
  /// Nobody to ask.
  var servers: ServerOperator {
    ServerOperator(
      store: store, secrets: ManagedRack.Secrets(), journal: journal, logger: quiet,
      now: { Timestamp(seconds: 1_700_000_000) },
      controller: { ManagedRack.Controller(method: $0, controllers: ManagedRack.Controllers()) })
  }
}
