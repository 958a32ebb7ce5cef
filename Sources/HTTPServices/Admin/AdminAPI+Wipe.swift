import BareMetal
import HTTPTypes
import Hummingbird

extension AdminAPI {
  /// `POST /servers/{name}/wipe`: a ``WipeRequest``; the Server is answered, its `status.wipe` says which disks are, or
  /// with `dryRun` would be, erased.
  func wipe(_ request: Request, _ context: PeerContext) async throws -> Response {
    var request = request
    let order: WipeRequest = try await request.json(limit: Limits.setting)
    let name = try await serverName(context)
    let server = try await editor.requestWipe(
      of: name, mode: order.mode ?? wipeMode, isExplicit: order.mode != nil, by: Self.who(order.by),
      isDryRun: order.dryRun ?? false)
    return try .json(server)
  }
}

extension ResourceEditor {
  /// Takes a person's word that a machine's disks are to be erased.
  /// - Parameter isExplicit: the mode is what the person asked for, whatever the Server's policy says.
  func requestWipe(
    of name: String, mode: WipePolicy.Mode, isExplicit: Bool, by: String, isDryRun: Bool
  ) async throws -> Server {
    try await again { () async throws in
      var server = try await existing(ServerKind.self, named: name)
      if let obstacle = server.wipeObstacle { throw Refusal(.conflict, "Server \(name) is not wiped: \(obstacle)") }
      guard try await store.get(ServerBindingKind.self, named: name) == nil else {
        throw Refusal(.conflict, "Server \(name) is in use: 'siderite release' gives it back, and wipes it")
      }
      guard server.knowsDisks else {
        throw Refusal(.conflict, "Server \(name) has not been discovered yet: its disks are not known")
      }
      if let wipe = server.status.wipe, wipe.isOpen, !isDryRun {
        throw Refusal(.conflict, "Server \(name) is being wiped already: \(wipe.message ?? wipe.phase.rawValue)")
      }
      var decided = server
      if isExplicit { decided.spec.wipePolicy = decided.spec.wipePolicy ?? WipePolicy() }
      if isExplicit { decided.spec.wipePolicy?.mode = mode }
      let intent = WipeStatus.intent(
        for: decided, reason: .requested, by: by, mode: mode, id: Self.newWipeID(), now: now())
      server.status.wipe = intent
      server.status.isClean = false
      if isDryRun { return server }
      let count = intent.disks.count { $0.action == .erase }
      note("wipe of \(count) disk\(count == 1 ? "" : "s")", ServerKind.self, name, by: by)
      return try await store.updateStatus(server)
    }
  }

  private static func newWipeID() -> String {
    var random = SystemRandomNumberGenerator()
    return WipeStatus.newID(using: &random)
  }
}
