import BareMetal
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension AdminAPI {
  /// How many Servers an order goes to, told before the first of them has answered.
  static let targetsHeader = HTTPField.Name("siderite-targets")

  /// `POST /bmc`: asks the controllers of several Servers.
  func order(_ request: Request) async throws -> Response {
    var request = request
    let order: BMCOrder = try await request.json(limit: Limits.order)
    let names = try await targets(of: order)
    let limit = min(max(1, order.concurrency ?? Self.concurrency), Self.concurrency)
    let by = Self.who(order.by)
    var headers: HTTPFields = [:]
    if let name = Self.targetsHeader { headers[name] = "\(names.count)" }
    return stream(request, headers: headers) { [servers] write in
      try await names.concurrently(limit: limit) { name in
        await servers.perform(order.request, on: name, force: order.force ?? false, by: by)
      } receive: { outcome in
        try await write(outcome)
      }
    }
  }

  /// `PUT /servers/{name}/bmc`
  func setManagement(_ request: Request, _ context: PeerContext) async throws -> Response {
    var request = request
    let setting: BMCSetting = try await request.json(limit: Limits.setting)
    return try .json(try await servers.set(setting, of: try await serverName(context)))
  }

  /// `DELETE /servers/{name}/bmc`
  func removeManagement(_ request: Request, _ context: PeerContext) async throws -> Response {
    let by = Self.who(request.uri.queryParameters["by"].map { String($0) })
    return try .json(try await servers.unset(of: try await serverName(context), by: by))
  }

  /// A stream of JSON values, one a line, until the body or the client is done.
  /// - Parameter request: whose end ends the body too; `nil` for what is carried through whether or not anybody listens.
  func stream(
    _ request: Request?, headers: HTTPFields = [:],
    _ body: @escaping @Sendable (_ write: (any Encodable) async throws -> Void) async throws -> Void
  ) -> Response {
    var headers = headers
    headers[.contentType] = "application/json; stream=watch"
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        var output = writer
        let write: () async throws -> Void = {
          let encoder = JSONEncoder.plain
          try await body { value in
            var line = try encoder.encode(value)
            line.append(0x0a)
            try await output.write(ByteBuffer(bytes: line))
          }
        }
        if let request {
          try await request.body.consumeWithCancellationOnInboundClose { _ in try await write() }
        } else {
          try await write()
        }
        try await writer.finish(nil)
      })
  }

  /// Who asks, in one line; the socket's permissions say who may.
  static func who(_ by: String?) -> String {
    let name = PlainText.line(by ?? "")
    return name.isEmpty ? "an administrator" : name
  }

  /// The Server that the path names.
  func serverName(_ context: PeerContext) async throws -> String {
    try await serverName(PlainText.line(try context.parameters.require("name")))
  }

  /// The Server that a text names: its name, the beginning of it, or its hostname.
  func serverName(_ text: String) async throws -> String {
    if try await store.get(ServerKind.self, named: text) != nil { return text }
    return try Self.find([text], among: try await store.list(ServerKind.self).items)[0]
  }

  private func targets(of order: BMCOrder) async throws -> [String] {
    let all = try await store.list(ServerKind.self).items
    switch (order.names, order.all ?? false, order.selector) {
    case (let names?, false, nil) where !names.isEmpty: return try Self.find(names, among: all)
    case (nil, true, nil):
      guard !all.isEmpty else { throw Refusal(.notFound, "there are no Servers") }
      return all.map(\.metadata.name)
    case (nil, false, let text?):
      let selector: LabelSelector
      do {
        selector = try LabelSelector(text)
      } catch {
        throw Refusal(.badRequest, error.description)
      }
      let names = all.filter { selector.matches($0.metadata.labels) }.map(\.metadata.name)
      guard !names.isEmpty else { throw Refusal(.notFound, "no Server matches the selector \(text)") }
      return names
    default: throw Refusal(.badRequest, "give one of names, all and selector")
    }
  }

  /// Servers by name, the beginning of a name that only one has, or hostname; each once. All are found, or it is refused.
  static func find(_ texts: [String], among servers: [Server]) throws(Refusal) -> [String] {
    var names: [String] = []
    var seen: Set<String> = []
    var unknown: [String] = []
    let all = Set(servers.map(\.metadata.name))
    let byHostname = Dictionary(grouping: servers) { $0.spec.hostname?.lowercased() ?? "" }
    for text in texts {
      let text = text.lowercased()
      var found = all.contains(text) ? [text] : (byHostname[text] ?? []).map(\.metadata.name)
      if found.isEmpty, text.count >= shortestPrefix {
        found = servers.map(\.metadata.name).filter { $0.hasPrefix(text) }
      }
      guard found.count < 2 else {
        throw Refusal(
          .badRequest,
          "'\(PlainText.line(text.prefix(40)))' may be \(found.prefix(3).joined(separator: " or ")): say more")
      }
      if let name = found.first {
        if seen.insert(name).inserted { names.append(name) }
      } else {
        unknown.append(PlainText.line(text.prefix(40)))
      }
    }
    guard unknown.isEmpty else {
      let others = unknown.count > 3 ? " and \(unknown.count - 3) more" : ""
      throw Refusal(
        .notFound, "there is no Server \(unknown.prefix(3).joined(separator: ", "))\(others): nothing was done")
    }
    return names
  }

  /// A slip of the finger should not name a machine.
  private static let shortestPrefix = 4
}
