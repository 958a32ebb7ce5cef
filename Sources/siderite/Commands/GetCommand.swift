import ArgumentParser
import BareMetal
import FoundationEssentials
import Wire

/// `siderite get`
struct GetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "List resources.",
    discussion: """
      Examples:
        siderite get servers
        siderite get servers -o wide
        siderite get server 4c4c4544-0031-3510-8051-b4c04f4d3232 -o yaml
      """)

  @Argument(help: "servers") var kind: ResourceName
  @Argument(help: "The name of one resource; all when left out.") var name: String?
  @Option(name: .shortAndLong, help: "table, wide, json, yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func run() async throws {
    try await options.withClient { client in
      guard let name else {
        let list = try await client.get(kind.path, as: ServerCollection.self)
        try show(list?.items ?? [], as: list ?? ServerCollection(items: []))
        return
      }
      guard let server = try await client.get("\(kind.path)/\(name)", as: Server.self) else {
        throw AdminClient.Failure(description: "server \(name) not found: 'siderite get servers' lists them")
      }
      try show([server], as: server)
    }
  }

  private func show(_ servers: [Server], as whole: some Encodable) throws {
    switch output {
    case .json, .yaml: print(try OutputFormat.render(whole, as: output), terminator: "")
    case .name: for server in servers { print("server/\(server.metadata.name)") }
    case .table, .wide:
      if servers.isEmpty {
        Terminal.error("no servers yet: they appear when a machine has booted the agent ('siderite boots --watch')")
      } else {
        print(ServerTable.text(servers, wide: output == .wide, now: .now), terminator: "")
      }
    }
  }
}

/// The kinds of resources by the names people type.
enum ResourceName: String, ExpressibleByArgument, CaseIterable {
  case servers, server

  /// Where the daemon has them.
  var path: String { "/apis/\(ServerKind.apiVersion)/\(ServerKind.plural)" }
}

/// A Kubernetes list of Servers.
struct ServerCollection: Codable {
  var apiVersion = ServerKind.apiVersion
  var kind = "ServerList"
  var items: [Server]
}

/// Servers in Sidero's columns, and what identifies the machine.
enum ServerTable {
  static func text(_ servers: [Server], wide: Bool, now: Timestamp) -> String {
    var columns = ["NAME", "HOSTNAME", "MANUFACTURER", "PRODUCT", "SERIAL"]
    if wide { columns += ["BMC IP", "CORES", "MEMORY", "STORAGE", "ADDRESS"] }
    columns += ["ACCEPTED", "CORDONED", "ALLOCATED", "CLEAN", "POWER", "AGE"]
    let rows = servers.map { server in
      let hardware = server.spec.hardware
      var row = [
        server.metadata.name, server.spec.hostname ?? "", hardware?.system?.manufacturer ?? "",
        hardware?.system?.productName ?? "", hardware?.system?.serialNumber ?? "",
      ]
      if wide {
        row += [
          server.spec.bmc?.endpoint ?? "", hardware?.compute?.totalCoreCount.map { "\($0)" } ?? "",
          hardware?.memory?.totalSize ?? "", hardware?.storage?.totalSize ?? "",
          server.status.addresses?.first?.address ?? "",
        ]
      }
      row += [
        "\(server.spec.accepted)", server.spec.cordoned.map { "\($0)" } ?? "", "\(server.status.inUse)",
        "\(server.status.isClean)", server.status.power?.rawValue ?? "",
        server.metadata.creationTimestamp.map { Age.text(of: now.since($0)) } ?? "",
      ]
      return row
    }
    return Table(columns: columns, rows: rows).text
  }
}

/// How long ago, as kubectl writes it: `42s`, `5m`, `3h`, `12d`.
enum Age {
  static func text(of duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    return switch seconds {
    case ..<120: "\(seconds)s"
    case ..<7200: "\(seconds / 60)m"
    case ..<172_800: "\(seconds / 3600)h"
    default: "\(seconds / 86_400)d"
    }
  }
}

extension Timestamp {
  /// The wall clock.
  static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
