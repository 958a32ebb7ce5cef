public import BareMetal
import HTTPTypes
import Hummingbird
public import Logging
public import ServiceLifecycle
import Wire

/// What machines fetch while they boot, and where their agent reports: TCP 8081, unauthenticated by nature.
///
/// - `GET|HEAD /boot.ipxe`: the first script.
/// - `GET /ipxe?uuid&mac&serial&arch&platform…`: what this machine boots.
/// - `GET|HEAD /tftp/<file>`: boot programs, for UEFI HTTP boot.
/// - `GET|HEAD /env/<name>/{vmlinuz,initramfs.xz}`: Environments; ranges too.
/// - `POST /agent/v1/registrations`, `POST /agent/v1/bmc`, `POST /agent/v1/events`: the agent.
///
/// Everything else is 404; errors are one line of text. Nothing is listed, and no file name comes from a request.
public struct BootPlane: Service {
  let configuration: BootPlaneConfiguration
  let planner: BootPlanner
  let assets: any AssetStore
  let store: any ResourceStore
  let journal: any BootEventSink
  let handover: BMCHandover?
  let registrations = Slots(limit: Limits.concurrentRegistrations)
  private let listener: HTTPListener

  /// Bounds on what machines may send.
  enum Limits {
    /// Bytes of a registration. 128 DIMMs, 100 disks and 64 NICs make about 60 KiB.
    static let registrationBytes = 256 << 10
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
  ///   - onListening: called once, when every address listens, with the true ports.
  public init(
    configuration: BootPlaneConfiguration, planner: BootPlanner, assets: any AssetStore, store: any ResourceStore,
    journal: any BootEventSink, handover: BMCHandover? = nil, logger: Logger,
    onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) {
    self.init(
      configuration: configuration, planner: planner, assets: assets, store: store, journal: journal,
      handover: handover,
      logger: logger, limits: ConnectionLimits(), onListening: onListening)
  }

  init(
    configuration: BootPlaneConfiguration, planner: BootPlanner, assets: any AssetStore, store: any ResourceStore,
    journal: any BootEventSink, handover: BMCHandover? = nil, logger: Logger, limits: ConnectionLimits,
    onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.planner = planner
    self.assets = assets
    self.store = store
    self.journal = journal
    self.handover = handover
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
      router.on("env/:environment/:file", method: method) { request, context in
        try await environmentFile(request, context)
      }
    }
    router.get("ipxe") { request, context in try await script(request, context) }
    router.post("agent/v1/registrations") { request, context in try await register(request, context) }
    router.post("agent/v1/bmc") { request, context in try await takeBMC(request, context) }
    router.post("agent/v1/events") { request, context in try await agentEvent(request, context) }
    return router.buildResponder()
  }
}
