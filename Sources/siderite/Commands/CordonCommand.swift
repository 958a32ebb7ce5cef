import ArgumentParser
import BareMetal

/// `siderite cordon`
struct CordonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cordon",
    abstract: "Keep Servers out of every class, so that they are not allocated.",
    discussion: """
      A Server that is allocated stays so.

      Exit codes: 0 all are, 1 some are not, 2 none is, 64 wrong usage, 69 no daemon.

      Examples:
        siderite cordon r12
        siderite cordon --selector rack=3
      """)

  @OptionGroup var servers: ServerSelection
  @OptionGroup var options: AdminOptions

  func run() async throws { try await Cordon.set(true, servers, options) }
}

/// `siderite uncordon`
struct UncordonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uncordon", abstract: "Let Servers be allocated again.", discussion: "As 'siderite cordon'.")

  @OptionGroup var servers: ServerSelection
  @OptionGroup var options: AdminOptions

  func run() async throws { try await Cordon.set(false, servers, options) }
}

private enum Cordon {
  static func set(_ isCordoned: Bool, _ servers: ServerSelection, _ options: AdminOptions) async throws {
    try await options.withClient(refused: ExitCode(2)) { client in
      var report = SetReport(output: .table)
      let patch: JSONValue = .object(["spec": .object(["cordoned": isCordoned ? .bool(true) : .null])])
      for server in try await servers.find(client) {
        await report.add(server.metadata.name) {
          try await client.send(
            .patch, "\(ServerKind.path(of: server.metadata.name))?by=\(pathComponent(Operator.name))", patch,
            contentType: PatchCommand.Form.merge.contentType, as: Server.self)
        } says: { _ in
          (server.spec.cordoned ?? false) == isCordoned
            ? "\(isCordoned ? "cordoned" : "not cordoned") already" : isCordoned ? "cordoned" : "no longer cordoned"
        }
      }
      try report.finish()
    }
  }
}
