import BareMetal
import HTTPTypes
import Hummingbird

extension AdminAPI {
  /// The steps of a Server's life that people take.
  func addLifecycle(to router: Router<PeerContext>) {
    router.get("servers/:name") { _, context in
      let name = try await serverName(context)
      return try Response.json(try await editor.existing(ServerKind.self, named: name))
    }
    router.post("servers/:name/accept") { request, context in try await accept(request, context) }
    router.post("servers/:name/wipe") { request, context in try await wipe(request, context) }
    router.post("servers/:name/installed") { request, context in try await markInstalled(request, context) }
  }

  /// `POST /servers/{name}/accept`: an ``AcceptanceOrder``; the Server is answered.
  private func accept(_ request: Request, _ context: PeerContext) async throws -> Response {
    var request = request
    let order: AcceptanceOrder = try await request.json(limit: Limits.setting)
    var options = ResourceOptions(by: Self.who(order.by))
    options.isForced = order.force ?? false
    let name = try await serverName(context)
    return try .json(try await editor.setAcceptance(order.accepted ?? true, of: name, options))
  }

  /// `POST /servers/{name}/installed`: an ``InstalledOrder``; the ServerBinding is answered.
  private func markInstalled(_ request: Request, _ context: PeerContext) async throws -> Response {
    var request = request
    let order: InstalledOrder = try await request.json(limit: Limits.setting)
    let name = try await serverName(context)
    return try .json(try await editor.markInstalled(name, by: Self.who(order.by)))
  }
}
