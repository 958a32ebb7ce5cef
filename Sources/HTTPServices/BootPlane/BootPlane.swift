public import BareMetal
import HTTPTypes
import Hummingbird
public import Logging
public import ServiceLifecycle
public import Wire

/// What machines fetch while they boot, and where their agent reports: TCP 8081, unauthenticated by nature.
///
/// - `GET|HEAD /boot.ipxe`: the first script.
/// - `GET /ipxe?uuid&mac&serial&arch&platform…`: what this machine boots.
/// - `GET|HEAD /tftp/<file>`: boot programs, for UEFI HTTP boot.
/// - `GET|HEAD /env/<name>/[<architecture>/]{vmlinuz,initramfs.xz}`: Environments; ranges too.
/// - `GET /configdata?uuid&token`: a machine's configuration, for that machine.
/// - `POST /provision/v1/{installed,failed}?uuid&token`: how its installation went.
/// - `POST /agent/v1/registrations`, `POST /agent/v1/bmc`, `POST /agent/v1/wipe`,
///   `POST /agent/v1/events`: the agent.
///
/// Everything else is 404; errors are one line of text. Nothing is listed, and no file name comes from a request.
public struct BootPlane: Service {
  let configuration: BootPlaneConfiguration
  let planner: BootPlanner
  let assets: any AssetStore
  let store: any ResourceStore
  let journal: any BootEventSink
  let handover: BMCHandover?
  let wipes: WipeHandover?
  let provisioning: Provisioning?
  /// The wall clock.
  let now: @Sendable () -> Timestamp
  let registrations = Slots(limit: Limits.concurrentRegistrations)
  private let listener: HTTPListener

  /// Bounds on what machines may send.
  enum Limits {
    /// Bytes of a registration. 128 DIMMs, 100 disks and 64 NICs make about 60 KiB.
    static let registrationBytes = 256 << 10
    /// Bytes of a report of a wipe: 100 disks, each with a method that worked and those that did not, make about 100 KiB.
    static let wipeBytes = 512 << 10
    /// Bytes of an agent's event: one line and two names.
    static let eventBytes = 4 << 10
    /// Registrations worked on at a time; the others are told to come again. The store commits one at a time.
    static let concurrentRegistrations = 32
    /// Reads and writes of one Server before a registration gives up against others that change it too.
    static let attempts = 8
    /// Bytes of `/ipxe`'s query. iPXE sends about 200.
    static let queryBytes = 2048
  }

  /// - Parameters:
  ///   - handover: sets up BMCs; `nil`: nobody does.
  ///   - wipes: hands out orders to wipe; `nil`: nobody does.
  ///   - provisioning: gives out machine configurations; `nil`: nobody does, and no Environment is booted.
  ///   - now: the wall clock.
  ///   - onListening: called once, when every address listens, with the true ports.
  public init(
    configuration: BootPlaneConfiguration, planner: BootPlanner, assets: any AssetStore, store: any ResourceStore,
    journal: any BootEventSink, handover: BMCHandover? = nil, wipes: WipeHandover? = nil,
    provisioning: Provisioning? = nil, logger: Logger, now: @escaping @Sendable () -> Timestamp,
    onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) {
    self.init(
      configuration: configuration, planner: planner, assets: assets, store: store, journal: journal,
      handover: handover, wipes: wipes, provisioning: provisioning, logger: logger, limits: ConnectionLimits(),
      now: now, onListening: onListening)
  }

  init(
    configuration: BootPlaneConfiguration, planner: BootPlanner, assets: any AssetStore, store: any ResourceStore,
    journal: any BootEventSink, handover: BMCHandover? = nil, wipes: WipeHandover? = nil,
    provisioning: Provisioning? = nil, logger: Logger, limits: ConnectionLimits,
    now: @escaping @Sendable () -> Timestamp,
    onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) {
    self.configuration = configuration
    var planner = planner
    planner.bootFromDiskMethod = configuration.bootFromDiskMethod
    self.planner = planner
    self.assets = assets
    self.store = store
    self.journal = journal
    self.handover = handover
    self.wipes = wipes
    self.provisioning = provisioning
    self.now = now
    listener = HTTPListener(
      addresses: configuration.addresses, port: configuration.port, limits: limits, logger: logger,
      onListening: onListening)
  }

  /// Serves until graceful shutdown.
  /// - Throws: ``ListenError`` when an address cannot be listened on.
  public func run() async throws {
    try await listener.run(responder())
  }

  func responder() -> some HTTPResponder<PeerContext> {
    let router = Router(context: PeerContext.self)
    router.add(middleware: RefusalMiddleware(plane: "boot") { .text($0.reason + "\n", status: $0.status) })
    for method in [HTTPRequest.Method.get, .head] {
      router.on("boot.ipxe", method: method) { request, _ in
        let script = Response.text(IPXEScript.first)
        return request.method == .head ? script.createHeadResponse() : script
      }
      router.on("tftp/**", method: method) { request, context in
        try await program(request, context)
      }
      // One name for what may be a file or an architecture: the router takes two at one place for a mistake.
      for path: RouterPath in ["env/:environment/:part", "env/:environment/:part/:file"] {
        router.on(path, method: method) { request, context in try await environmentFile(request, context) }
      }
    }
    router.get("ipxe") { request, context in try await script(request, context) }
    router.get("configdata") { request, context in try await machineConfiguration(request, context) }
    router.post("provision/v1/installed") { request, context in try await installed(request, context) }
    router.post("provision/v1/failed") { request, context in try await failed(request, context) }
    router.post("agent/v1/registrations") { request, context in try await register(request, context) }
    router.post("agent/v1/bmc") { request, context in try await takeBMC(request, context) }
    router.post("agent/v1/wipe") { request, context in try await takeWipe(request, context) }
    router.post("agent/v1/events") { request, context in try await agentEvent(request, context) }
    return router.buildResponder()
  }
}
