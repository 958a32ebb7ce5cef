public import BareMetal
import DHCP
import LinuxSystem
public import Logging
import RawLink
public import ServiceLifecycle
public import Wire

/// Answers DHCP and PXE clients on one interface, ports 67 and 4011.
///
/// The link's thread reads, decides and replies; what must be durable first goes to the store in batches, one at a time,
/// so that many acknowledgements share one write to the disk, and what needs none never waits for it.
public struct DHCPService: Service {
  private let configuration: DHCPServiceConfiguration
  private let planner: BootPlanner
  private let leases: any LeaseStore
  private let intake: LeaseIntake?
  private let events: any BootEventSink
  private let counters: DHCPCounters
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let listening: @Sendable () -> Void

  /// - Parameters:
  ///   - planner: says what machines boot.
  ///   - leases: not asked in proxy mode.
  ///   - intake: where leases of other servers come from.
  ///   - now: the wall clock.
  ///   - listening: called when requests are answered, again whenever the interface had to be opened anew.
  public init(
    _ configuration: DHCPServiceConfiguration, planner: BootPlanner, leases: any LeaseStore, intake: LeaseIntake? = nil,
    events: any BootEventSink, logger: Logger, now: @escaping @Sendable () -> Timestamp,
    listening: @escaping @Sendable () -> Void = {}
  ) {
    var configuration = configuration
    configuration.mode.exclude(configuration.address)
    for index in configuration.relayed.indices {
      configuration.relayed[index].mode.exclude(configuration.relayed[index].address)
    }
    self.configuration = configuration
    self.planner = planner
    self.leases = leases
    self.intake = intake
    self.events = events
    self.counters = DHCPCounters(interface: configuration.interface)
    var logger = logger
    logger[metadataKey: "interface"] = "\(configuration.interface)"
    self.logger = logger
    self.now = now
    self.listening = listening
  }

  /// Answers until shutdown.
  ///
  /// - Throws: ``RawLinkError`` when the interface cannot be opened at first, ``StoreError`` when the leases cannot be
  ///   read. An interface that goes away later is waited for.
  public func run() async throws {
    try await keepServing(logger) { try await serve() }
  }

  /// Serves until the link fails or the task is cancelled.
  /// - Throws: when it could not begin.
  private func serve() async throws {
    let stored = try await storedLeases()
    let loop = try RawLinkLoop()
    let committer = LeaseCommitter()
    let opened = OpenedFlag()
    defer { intake?.close() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await committer.run(leases) { loop.wake() } }
      do throws(RawLinkError) {
        try await loop.run(.dhcp(configuration.interface, probing: configuration.mode.probes)) { link in
          opened.set()
          intake?.open { loop.wake() }
          return handler(stored, committer, on: link)
        }
      } catch {
        group.cancelAll()
        guard opened.isSet else { throw error }
        logger.error("interface lost", metadata: ["error": "\(error)"])
      }
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func storedLeases() async throws(StoreError) -> [DHCPLease] {
    guard configuration.keepsLeases else { return [] }
    return try await leases.leases().map { DHCPLease($0) }
  }

  /// On the link's thread, when it is open.
  private func handler(
    _ leases: [DHCPLease], _ committer: LeaseCommitter, on link: borrowing RawLink
  ) -> DHCPLinkHandler {
    let addresses = link.interface.addresses
    let station = DHCPEndpoint.Station(
      mac: link.macAddress,
      addresses: Set(addresses.map(\.address) + [configuration.address] + configuration.relayed.map(\.address)),
      broadcasts: Set(addresses.compactMap(\.network?.last)))
    let endpoint = DHCPEndpoint(
      configuration, at: station, leases: leases, planner: planner, events: events, counters: counters,
      logger: logger)
    defer {
      logger.info("DHCP answers", metadata: ["mode": "\(modeName)", "address": "\(configuration.address)"])
      listening()
    }
    return DHCPLinkHandler(
      endpoint, committer: committer, intake: intake, ports: keepPorts(), counters: counters, logger: logger, now: now)
  }

  /// In proxy mode port 67 is left to the other server, which may live on this host.
  private func keepPorts() -> [PortKeeper] {
    let ports = configuration.mode == .proxy ? [DHCPPort.bootServer] : [DHCPPort.server, DHCPPort.bootServer]
    return ports.compactMap { port in
      do {
        return try PortKeeper(port: port, of: configuration.address, on: configuration.interface)
      } catch {
        logger.notice("another server of this host has the port, which is well", metadata: ["error": "\(error)"])
        return nil
      }
    }
  }

  private var modeName: String { configuration.mode == .proxy ? "proxy" : "server" }
}

extension DHCPService: CustomStringConvertible {
  /// `DHCP on eth0`, as the service's life is logged.
  public var description: String { "DHCP on \(configuration.interface)" }
}

extension DHCPResponder.Mode {
  /// Our own address is never given out.
  fileprivate mutating func exclude(_ address: IPv4Address) {
    guard case .server(var server) = self else { return }
    server.excluded.insert(address)
    self = .server(server)
  }
}

extension DHCPResponder.Mode {
  fileprivate var probes: Bool {
    guard case .server(let server) = self else { return false }
    return server.probes
  }
}

extension DHCPServiceConfiguration {
  fileprivate var keepsLeases: Bool { mode != .proxy || relayed.contains { $0.mode != .proxy } }
}
