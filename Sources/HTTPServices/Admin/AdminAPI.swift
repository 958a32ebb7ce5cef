public import BareMetal
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// What the command line asks the daemon: over a Unix socket, where file permissions say who may. Shaped as the
/// Kubernetes API is, errors too.
///
/// - `/apis/{group}/{version}/{kind}[/{name}]`: every kind's objects, listed, shown, watched (`watch=true`), made (POST),
///   replaced (PUT, with the `resourceVersion` it was made from), changed (PATCH: merge patch or JSON patch) and deleted.
///   `dryRun=All` looks at everything and stores nothing. What is wrong with an object is answered all at once, as
///   `details.causes` of a Status.
/// - `POST /apply`: an ``ApplyOrder``, looked at as a whole before anything is stored; an ``AppliedObject`` a line.
/// - `GET /servers/{name}`, by the beginning of a name or the hostname, too, as below.
/// - `POST /servers/{name}/accept`, `POST /servers/{name}/wipe`, `POST /servers/{name}/installed`: the steps of a
///   Server's life that people take; `POST /allocations`, `DELETE /allocations/{name}`: who has it.
/// - `GET /boots`: every machine's ``BootRecord``, the one heard of last at the end; `GET /boots?watch=true`: what happens
///   from now on, a ``BootJournal/Update`` a line, until the client or the daemon leaves.
/// - `GET /leases`: the DHCP leases of this boot host, by address, those that are over too.
/// - `POST /leases`: leases of another server that are to be this host's, a list; a ``LeaseAdoption`` each.
/// - `POST /bmc`: a ``BMCOrder`` to the management controllers of several Servers; a ``BMCOutcome`` a line, as they come.
/// - `PUT /servers/{name}/bmc`, `DELETE /servers/{name}/bmc`: how a Server's controller is reached.
/// - `POST /servers/{name}/console`, `POST /consoles/{id}/input`: a serial console.
/// - `GET /servers/{name}/render`: a ``RenderedBoot``, what the Server would be served.
/// - `GET /version`
public struct AdminAPI: Service {
  let store: any ResourceStore
  let journal: BootJournal
  let leases: (any LeaseStore)?
  let adopter: (any LeaseAdopter)?
  let servers: ServerOperator
  let classes: any ServerClassView
  /// Of wipes where neither a person nor the Server's policy says how.
  let wipeMode: WipePolicy.Mode
  /// Says which patches of machine configurations can apply to none.
  let patcher: MachineConfigPatcher?
  let render: (@Sendable (Resource<ServerKind>) async throws -> RenderedBoot)?
  let consoles = ConsoleTable()
  let version: String
  private let socket: UnixSocket
  let logger: Logger
  private let onListening: @Sendable () async -> Void

  /// Connections at a time: people and scripts on this host, and the journal's followers.
  static let connections = 64
  /// Management controllers that one order asks at a time: whatever is asked for, a rack's switches are spared.
  static let concurrency = 1024

  /// Bytes of a request.
  enum Limits {
    /// Fifty thousand names.
    static let order = 2 << 20
    static let setting = 16 << 10
    /// A stored object is at most 1.5 MB.
    static let object = 2 << 20
    /// Ten thousand Servers as they were read.
    static let apply = 64 << 20
    /// A hundred thousand leases.
    static let leases = 64 << 20
    /// What people type or paste; a terminal's program sends it in smaller pieces.
    static let input = 256 << 10
  }

  /// - Parameters:
  ///   - socketPath: at most 107 bytes; its directory must be there.
  ///   - version: what `/version` says.
  ///   - leases: of this boot host; `nil` where there are none.
  ///   - adopter: who takes leases of other servers over; `nil` where no addresses are given out.
  ///   - classes: who is in which class; the store is asked where there is nothing better.
  ///   - wipeMode: of wipes where neither a person nor the Server's policy says how.
  ///   - patcher: says which patches of machine configurations can apply to none, before they are stored.
  ///   - render: what a Server would be served; `nil`: nothing is served here.
  ///   - onListening: called once, when the socket is there with its permissions.
  public init(
    socketPath: String, version: String, store: any ResourceStore, journal: BootJournal,
    leases: (any LeaseStore)? = nil, adopter: (any LeaseAdopter)? = nil, servers: ServerOperator,
    classes: (any ServerClassView)? = nil,
    wipeMode: WipePolicy.Mode = .fast,
    patcher: MachineConfigPatcher? = nil,
    render: (@Sendable (Resource<ServerKind>) async throws -> RenderedBoot)? = nil, logger: Logger,
    onListening: @escaping @Sendable () async -> Void = {}
  ) {
    socket = UnixSocket(path: socketPath)
    self.version = version
    self.store = store
    self.journal = journal
    self.leases = leases
    self.adopter = adopter
    self.servers = servers
    self.classes = classes ?? ListingClassView(store: store)
    self.wipeMode = wipeMode
    self.patcher = patcher
    self.render = render
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown, which ends the watches, and removes the socket.
  /// - Throws: ``ListenError`` when the socket cannot be made, or another daemon answers on it.
  public func run() async throws {
    try await socket.clear()
    let (socket, logger, onListening) = (socket, logger, onListening)
    defer { socket.remove() }
    let server = HTTPServer(
      address: .unixDomainSocket(path: socket.path), channel: .init(idleTimeout: .seconds(60)),
      connections: Self.connections, logger: logger)
    do {
      try await withGracefulShutdownHandler {
        try await server.run(responder()) { _ in
          do {
            try socket.restrict()
            await onListening()
          } catch {
            logger.error("The administration socket is not usable", metadata: ["error": "\(error)"])
          }
        }
      } onGracefulShutdown: { [journal, consoles] in
        // Else the watches and consoles would keep the daemon.
        journal.close()
        consoles.close()
      }
    } catch let error as IOError {
      throw ListenError(socketPath: socket.path, error)
    }
  }

  func responder() -> some HTTPResponder<PeerContext> {
    let router = Router(context: PeerContext.self)
    router.add(middleware: RefusalMiddleware(plane: "admin") { KubernetesStatus($0).response })
    for kind in Manifest.kinds { addResources(kind, to: router) }
    addLifecycle(to: router)
    addAllocations(to: router)
    router.post("apply") { request, _ in try await apply(request) }
    router.get("boots") { request, _ in try boots(request) }
    router.get("leases") { _, _ in try Response.json(try await leases?.leases() ?? []) }
    router.post("leases") { request, _ in try await adoptLeases(request) }
    router.post("bmc") { request, _ in try await order(request) }
    router.put("servers/:name/bmc") { request, context in try await setManagement(request, context) }
    router.delete("servers/:name/bmc") { request, context in try await removeManagement(request, context) }
    router.post("servers/:name/console") { request, context in try await openConsole(request, context) }
    router.post("consoles/:id/input") { request, context in try await type(request, context) }
    router.get("servers/:name/render") { _, context in try await renderBoot(context) }
    router.get("version") { _, _ in try Response.json(["version": version]) }
    return router.buildResponder()
  }

  var editor: ResourceEditor {
    ResourceEditor(store: store, journal: journal, patcher: patcher, now: servers.now, logger: logger)
  }
}
