import ArgumentParser
import BareMetal

/// `siderite describe`
struct DescribeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Show everything known of resources.",
    discussion: """
      Of a Server: what it is made of, what becomes of it and why (conditions),
      how far its disks are wiped and how each was, and its last boot.

      Exit codes: 0 shown, 1 not found, 64 wrong usage, 69 no daemon.

      Examples:
        siderite describe server 4c4c4544
        siderite describe server/r12 environment/default
        siderite describe serverclass workers
      """)

  @OptionGroup var resources: ResourceArguments
  @Option(name: .shortAndLong, help: "table, json or yaml.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws { _ = try resources.namedGroups() }

  func run() async throws {
    let groups = try resources.namedGroups()
    try await options.withClient { client in
      var isFirst = true
      for group in groups {
        for name in group.names {
          if !isFirst, output == .table { print("") }
          isFirst = false
          try await describe(group.kind, name, client)
        }
      }
    }
  }

  private func describe<Kind: ShownKind>(_ kind: Kind.Type, _ name: String, _ client: AdminClient) async throws {
    let resource = try await client.find(kind, name)
    switch output {
    case .json, .yaml: print(try OutputFormat.render(resource, as: output), terminator: "")
    case .name: print(Kind.title(of: resource.metadata.key))
    case .table, .wide: print(try await Kind.description(of: resource, from: client), terminator: "")
    }
  }
}
