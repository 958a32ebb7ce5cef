import BareMetal
import CoreMetrics
import IPMI
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// IPMI with any number of BMCs: an event loop of its own, and few sockets.
final class IPMINetwork: Sendable {
  let loop: any EventLoop
  let registry: NIOLoopBound<IPMIRegistry>
  private let executor: LoopExecutor
  private let group: MultiThreadedEventLoopGroup
  private let sockets: NIOLoopBound<[BMCSocket]>
  private let users = Mutex(Users())

  /// Who is using the loop: it ends after the last one.
  private struct Users {
    var count = 0
    var isClosed = false
    var whenGone: CheckedContinuation<Void, Never>?
  }

  init(_ configuration: BMCFleetConfiguration, logger: Logger, metrics: any MetricsFactory) async throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.any()
    self.loop = loop
    executor = LoopExecutor(loop)
    do {
      (registry, sockets) = try await loop.submit {
        let registry = IPMIRegistry(configuration, on: loop, logger: logger, counters: IPMICounters(factory: metrics))
        return (NIOLoopBound(registry, eventLoop: loop), NIOLoopBound(registry.makeSockets(), eventLoop: loop))
      }.get()
      try await loop.flatSubmit { [sockets] in
        let opening = sockets.value.map { $0.open() }
        // A host may be without IPv6, not without IPv4.
        opening.last?.whenFailure { logger.debug("no IPv6 for IPMI", metadata: ["error": "\($0)"]) }
        return EventLoopFuture.whenAllComplete(opening, on: loop).flatMapThrowing { try $0.first?.get() }
      }.get()
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  /// Takes a turn at a BMC, and carries `body` out in it.
  func perform<Answer: Sendable>(
    at access: IPMIAccess, _ body: @Sendable @escaping (IPMITurn) async throws(IPMIFailure) -> Answer
  ) async throws(BMCFailure) -> Answer {
    try await using { () async throws(BMCFailure) -> Answer in
      do throws(BMCFailure) {
        let answer = try await self.takeTurn(at: access, body)
        self.registry.value.counters.requestDone()
        return answer
      } catch {
        self.registry.value.counters.requestFailed(error.kind)
        throw error
      }
    }
  }

  /// Runs `body` on the event loop, which is kept for it.
  func using<Answer: Sendable>(
    _ body: @Sendable @escaping () async throws(BMCFailure) -> Answer
  ) async throws(BMCFailure) -> Answer {
    let isOpen = users.withLock { users in
      if !users.isClosed { users.count += 1 }
      return !users.isClosed
    }
    guard isOpen else { throw .closing }
    defer { left() }
    return try await withTaskExecutorPreference(executor) { () async throws(BMCFailure) -> Answer in try await body() }
  }

  private func left() {
    let whenGone = users.withLock { users in
      users.count -= 1
      defer { if users.count == 0 { users.whenGone = nil } }
      return users.count == 0 ? users.whenGone : nil
    }
    whenGone?.resume()
  }

  private func takeTurn<Answer: Sendable>(
    at access: IPMIAccess, _ body: @Sendable (IPMITurn) async throws(IPMIFailure) -> Answer
  ) async throws(BMCFailure) -> Answer {
    let owner = try await owner(of: access)
    let turn = NIOLoopBound(BMCTurn(access: access, owner: owner.value), eventLoop: loop)
    let refusal: BMCFailure? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        turn.value.granted = continuation
        registry.value.enter(turn.value)
      }
    } onCancel: { [loop, registry] in
      loop.execute { registry.value.leave(turn.value) }
    }
    if let refusal { throw refusal }
    defer { registry.value.leave(turn.value) }
    do {
      return try await body(IPMITurn(loop: loop, turn: turn))
    } catch {
      if case .transport = error, let explanation = turn.value.explanation { throw explanation }
      throw BMCFailure(error, access: access, name: owner.value.name)
    }
  }

  /// The owner of a BMC, whose name may have to be looked up first.
  func owner(of access: IPMIAccess) async throws(BMCFailure) -> NIOLoopBound<BMCOwner> {
    let name = access.name
    let address = try await resolve(access, name: name)
    guard let owner = registry.value.owner(of: address, name: name) else {
      throw BMCFailure(.busy, "\(name): more BMCs are in use than are kept; try again later")
    }
    return NIOLoopBound(owner, eventLoop: loop)
  }

  private func resolve(_ access: IPMIAccess, name: String) async throws(BMCFailure) -> SocketAddress {
    guard !access.host.isEmpty else { throw BMCFailure(.misconfigured, "the BMC has no address; write one down") }
    let resolver = registry.value.resolver
    if let address = resolver.known(access.host, access.port, at: .now) { return address }
    guard let answer = resolver.resolve(access.host, access.port) else {
      throw BMCFailure(.busy, "\(name): too many names are being looked up; try again, or use addresses")
    }
    do {
      return try await answer.get()
    } catch {
      throw BMCFailure(.unreachable, "\(name): the name cannot be resolved; check it, and DNS")
    }
  }

  /// Ends every session, bounded in time, and then the event loop.
  func close() async {
    let isFirst = users.withLock { users in
      defer { users.isClosed = true }
      return !users.isClosed
    }
    guard isFirst else { return }
    try? await loop.flatSubmit { [registry] in registry.value.close() }.get()
    await withCheckedContinuation { continuation in
      let isGone = users.withLock { users in
        if users.count > 0 { users.whenGone = continuation }
        return users.count == 0
      }
      if isGone { continuation.resume() }
    }
    let (channels, threads) = await closeSockets()
    for channel in channels { try? await channel.close() }
    try? await threads?.shutdownGracefully()
    try? await group.shutdownGracefully()
  }

  private func closeSockets() async -> ([any Channel], NIOThreadPool?) {
    let closed = try? await loop.submit { [registry, sockets] in
      (sockets.value.compactMap { $0.close() }, registry.value.resolver.close())
    }.get()
    return closed ?? ([], nil)
  }
}

extension IPMIAccess {
  /// For people.
  var name: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
