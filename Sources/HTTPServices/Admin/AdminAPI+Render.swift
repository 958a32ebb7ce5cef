import BareMetal
import HTTPTypes
import Hummingbird

extension AdminAPI {
  /// `GET /servers/{name}/render`
  func renderBoot(_ context: PeerContext) async throws -> Response {
    let server = try await editor.existing(ServerKind.self, named: try await serverName(context))
    guard let render else { throw Refusal(.notFound, "this daemon serves no machines: no interface is configured") }
    return try .json(try await render(server))
  }
}
