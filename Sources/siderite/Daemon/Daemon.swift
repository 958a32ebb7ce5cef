import BMC
import BareMetal
import BootServices
import CoreMetrics
import DHCP
import FoundationEssentials
import HTTPServices
import LinuxSystem
import Logging
import NIOCore
import NIOPosix
import Reconcilers
import SQLiteStore
import ServiceLifecycle
import TFTP
import UnixSignals
import Wire

/// The running appliance: the only place that puts concrete parts together.
struct Daemon {
  /// For requests and transfers under way to end; systemd waits 15 s.
  private static let shutdownLimit = Duration.seconds(10)

  let configuration: Configuration
  let notifier: ServiceNotifier

  /// Serves until SIGTERM or SIGINT.
  /// - Throws: ``InvalidConfiguration``, or an error whose description is one line that says what to do.
  func run() async throws {
    let served = try ServedInterface.all(of: configuration, among: try NetworkInterface.all())
    let logger = Self.bootstrapLogging(level: configuration.logLevel)
    try OpenFileLimit.raise()

    let metrics = PrometheusRegistry()
    MetricsSystem.bootstrap(metrics)
    let cluster = try configuration.cluster.map { try ManagementCluster($0, host: bootHost, logger: logger) }
    do {
      try await serve(served, cluster, metrics, logger)
    } catch {
      await cluster?.close()
      throw error
    }
    await cluster?.close()
  }

  private func serve(
    _ served: [ServedInterface], _ cluster: ManagementCluster?, _ metrics: PrometheusRegistry, _ logger: Logger
  ) async throws {
    let leading = LeadingFlag()
    let stores = try await openStores(cluster, leading, logger)
    let jurisdiction = cluster == nil ? Jurisdiction.all : Jurisdiction(host: bootHost) { leading.isSet }
    let journal = BootJournal(now: { .now })
    let files = BootFiles(configuration)
    files.warnings.forEach { logger.warning("\($0)") }

    let environments = try Environments(configuration, own: files.assets, store: stores.resources, logger: logger)
    let known = Gate()
    try await prepare(environments, stores, known)
    let fleet = try await BMCFleet(logger: logger)
    let servers = ServerOperator(
      store: stores.resources, secrets: stores.secrets, journal: journal, jurisdiction: jurisdiction, logger: logger,
      now: { .now }, controller: { fleet.controller(for: $0) })
    let handover = BMCHandover(
      store: stores.resources, secrets: stores.secrets, now: { .now }, controller: { fleet.controller(for: $0) })
    let neighbours = NeighbourCache()
    let provisioning = Provisioning(
      store: stores.resources, secrets: stores.secrets, journal: journal, parser: YAMLConfigParser(), now: { .now },
      hardwareAddress: { neighbours.macAddress(of: $0) })
    let classes = ServerClassController(store: stores.resources, logger: logger, now: { .now })
    let parts = Parts(
      served: served, stores: stores, journal: journal, servers: servers, handover: handover,
      provisioning: provisioning, neighbours: neighbours, files: files, environments: environments, classes: classes,
      planner: BootPlanner(files: files.programs),
      intakes: Dictionary(served.map { ($0.interface.name, LeaseIntake()) }, uniquingKeysWith: { one, _ in one }),
      metrics: metrics, startup: Startup(), cluster: cluster,
      jurisdiction: jurisdiction, leading: leading, known: known,
      serverIdentifier: DUID(try await stores.leases.serverUUID(first: Self.randomUUID())), logger: logger)
    let election: (leadership: any Leadership, services: [any Service]) =
      cluster?.election() ?? (SoleLeader(), [])
    // The fleet comes first, so that it is closed when nobody asks it any more. Health and the reporter come last: they
    // ask about everything that was expected before.
    var services: [any Service] = mirroring(parts, election.services) + [FleetCloser(fleet: fleet), HeapTrimmer()]
    let plane = bootPlane(parts)
    services += try onceKnown(bootServices(parts, plane), parts) + [adminAPI(parts, plane), healthServer(parts)]
    services += onceKnown(reconcilers(parts, election.leadership), parts)
    if let seconds = configuration.powerPollIntervalSeconds {
      services += onceKnown([PowerPoll(servers: servers, interval: .seconds(Int64(seconds)))], parts)
    }
    services.append(
      StartupReporter(startup: parts.startup, checks: parts.startup.checks, notifier: notifier, logger: logger))
    if served.isEmpty { logger.warning("no interface is configured: nothing boots until one is named") }

    // When one cannot begin or go on, the others end what they have begun, and nothing but its reason is in the log. To
    // cancel them instead would be rougher than NIO bears: it traps when a listener is cancelled while it accepts.
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = Self.shutdownLimit
    defer { stores.close() }
    try await ServiceGroup(configuration: group).run()
    journal.close()
  }

  /// What the services share.
  struct Parts {
    let served: [ServedInterface]
    let stores: Stores
    let journal: BootJournal
    let servers: ServerOperator
    let handover: BMCHandover
    let provisioning: Provisioning
    let neighbours: NeighbourCache
    let files: BootFiles
    let environments: Environments
    let classes: ServerClassController
    let planner: BootPlanner
    /// Who takes leases over from other servers, by interface.
    let intakes: [String: LeaseIntake]
    let metrics: PrometheusRegistry
    let startup: Startup
    let cluster: ManagementCluster?
    let jurisdiction: Jurisdiction
    let leading: LeadingFlag
    let known: Gate
    /// Who we are to DHCPv6 clients.
    let serverIdentifier: DUID
    let logger: Logger

    /// What machines are told to fetch from.
    var addresses: [IPAddress] { Set(served.flatMap(\.addresses)).sorted() }
    var sink: NeighbourSink { NeighbourSink(journal: journal, neighbours: neighbours) }
    /// The same, and the cluster's Events, where there is one.
    var lifeSink: any BootEventSink {
      guard let cluster, let mirror = stores.mirror else { return sink }
      return ObjectEventSink(sink: sink, events: cluster.events, mirror: mirror)
    }
  }

  private func bootServices(_ parts: Parts, _ plane: BootPlane?) throws -> [any Service] {
    guard let plane else { return [] }
    return parts.served.compactMap { dhcpService($0, parts) } + parts.served.flatMap { ipv6Services($0, parts) }
      + [try tftpService(parts.addresses, parts), plane]
  }

  private func ipv6Services(_ served: ServedInterface, _ parts: Parts) -> [any Service] {
    var services: [any Service] = []
    if let dhcp = served.dhcpv6(identifier: parts.serverIdentifier, httpPort: configuration.httpPort) {
      let listening = parts.startup.expect("DHCPv6 on \(served.interface.name)")
      services.append(
        DHCPv6Service(
          dhcp, planner: parts.planner, leases: parts.stores.leases, events: parts.sink, logger: parts.logger,
          now: { .now }, listening: listening))
    }
    if let prefix = served.advertisedPrefix {
      let listening = parts.startup.expect("router advertisements on \(served.interface.name)")
      services.append(
        RouterAdvertiser(
          interface: served.interface.name, prefix: prefix, isAutonomous: true, logger: parts.logger,
          listening: listening))
    }
    return services
  }

  private func dhcpService(_ served: ServedInterface, _ parts: Parts) -> (any Service)? {
    guard let dhcp = served.dhcp(apiEndpoint: configuration.apiEndpoint, httpPort: configuration.httpPort) else {
      return nil
    }
    let listening = parts.startup.expect("DHCP on \(served.interface.name)")
    return DHCPService(
      dhcp, planner: parts.planner, leases: parts.stores.leases, intake: parts.intakes[served.interface.name],
      events: parts.sink, logger: parts.logger, now: { .now }, listening: listening)
  }

  /// Takes leases over on every interface that addresses are given out on.
  private func leaseAdopter(_ parts: Parts) -> LeaseAdoptions {
    LeaseAdoptions(
      parts.served.compactMap { served in
        guard let intake = parts.intakes[served.interface.name],
          let dhcp = served.dhcp(apiEndpoint: configuration.apiEndpoint, httpPort: configuration.httpPort)
        else { return nil }
        return (dhcp, intake)
      })
  }

  private func tftpService(_ addresses: [IPAddress], _ parts: Parts) throws -> any Service {
    let listening = parts.startup.expect("TFTP")
    var tftp = TFTPConfiguration(
      addresses: try addresses.map {
        try SocketAddress(packedIPAddress: ByteBuffer(bytes: $0.bytes), port: Int(configuration.tftp.port))
      })
    tftp.portMode = configuration.tftp.singlePort ? .single : .perTransfer
    let sink = parts.sink
    let service = TFTPService(
      configuration: tftp, contents: TFTPCatalog(parts.files.contents), logger: parts.logger,
      listening: { _ in listening() }, report: { sink.report($0) })
    let statistics = TFTPMetrics()
    parts.metrics.onScrape { statistics.record(service.statistics) }
    return service
  }

  /// `nil` where no interface is served.
  private func bootPlane(_ parts: Parts) -> BootPlane? {
    let addresses = parts.addresses
    guard !addresses.isEmpty else { return nil }
    let listening = parts.startup.expect(
      "HTTP", checks: addresses.map { .http(Endpoint(address: $0, port: configuration.httpPort)) })
    var plane = BootPlaneConfiguration()
    plane.addresses = addresses
    plane.port = configuration.httpPort
    plane.apiEndpoint = configuration.apiEndpoint.map { "\($0):\(configuration.httpPort)" }
    plane.extraAgentKernelArguments = configuration.extraAgentKernelArgs
    plane.autoBMCSetup = configuration.autoBMCSetup
    plane.autoAcceptServers = configuration.autoAcceptServers
    plane.bootFromDiskMethod = configuration.bootFromDiskMethod
    plane.configAccess = configuration.configdataAccess == .open ? .open : .token
    plane.sideroLink = configuration.sideroLinkEndpoint.map { SideroLinkEndpoint(api: $0) }
    plane.afterRegistration = configuration.agent.afterRegistration
    plane.bootHost = parts.jurisdiction.host
    let mirror = parts.stores.mirror
    return BootPlane(
      configuration: plane, planner: parts.planner, assets: parts.environments.table,
      store: parts.stores.resources, journal: parts.lifeSink, handover: parts.handover,
      wipes: WipeHandover(
        store: parts.stores.resources, secrets: parts.stores.secrets,
        rebootTimeout: .seconds(Int64(configuration.serverRebootTimeoutSeconds)),
        wipeMode: configuration.insecureWipe ? .fast : .full, mayBegin: { mirror?.isCurrent ?? true }, now: { .now }),
      provisioning: parts.provisioning, logger: parts.logger, now: { .now }, onListening: { _ in listening() })
  }

  private func adminAPI(_ parts: Parts, _ plane: BootPlane?) -> any Service {
    let listening = parts.startup.expect(
      "the administration socket", checks: [.http(socketPath: configuration.adminSocket)])
    var render: (@Sendable (Server) async throws -> RenderedBoot)?
    if let plane { render = { try await plane.render($0) } }
    return AdminAPI(
      socketPath: configuration.adminSocket, version: Version.text, store: parts.stores.resources,
      journal: parts.journal, leases: parts.stores.leases, adopter: leaseAdopter(parts), servers: parts.servers,
      classes: parts.classes, wipeMode: configuration.insecureWipe ? .fast : .full,
      patcher: MachineConfigPatcher(parser: YAMLConfigParser()), render: render, logger: parts.logger,
      onListening: { listening() })
  }

  private func healthServer(_ parts: Parts) -> any Service {
    let listening = parts.startup.expect("health")
    return HealthServer(
      addresses: [.v4(configuration.healthAddress.address)], port: configuration.healthAddress.port,
      checks: parts.startup.checks, metrics: parts.metrics, logger: parts.logger, onListening: { _ in listening() })
  }

  /// Version 4 of RFC 9562.
  private static func randomUUID() -> SystemUUID {
    var random = SystemRandomNumberGenerator()
    let (high, low): (UInt64, UInt64) = (random.next(), random.next())
    return SystemUUID(high: high & ~0xf000 | 0x4000, low: low & ~(3 << 62) | 1 << 63)
  }

  private static func bootstrapLogging(level: Configuration.LogLevel) -> Logger {
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = Logger.Level(rawValue: level.rawValue) ?? .info
      return handler
    }
    return Logger(label: "siderite")
  }
}
