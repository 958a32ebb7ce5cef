import ArgumentParser
import BareMetal

/// `siderite installed`
struct InstalledCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "installed",
    abstract: "Say that an allocated machine is installed: it boots from its disk from now on.",
    discussion: """
      Machines that report it themselves do not need this. Until it is said, an
      allocated machine boots its Environment from the network every time.

      Exit codes: 0 it is, 1 it is not allocated, 64 wrong usage, 69 no daemon.

      Example:
        siderite installed r12
      """)

  @Argument(help: "The Server, by name, the beginning of its name or hostname.") var server: String
  @OptionGroup var options: AdminOptions

  func run() async throws {
    try await options.withClient { client in
      let binding = try await client.send(
        .post, "/servers/\(pathComponent(server))/installed", InstalledOrder(by: Operator.name),
        as: ServerBinding.self)
      print("\(ServerKind.title(of: binding.metadata.name)) installed: it boots from its disk")
    }
  }
}
