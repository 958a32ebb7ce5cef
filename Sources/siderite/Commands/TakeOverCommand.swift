import ArgumentParser
import BareMetal

/// `siderite take-over`
struct TakeOverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "take-over",
    abstract: "Let one boot host look after the machines of another that is gone for good.",
    discussion: """
      Each Server is looked after by the boot host that saw it last (annotation
      metadata.annotations[metadata.sidero.dev/boot-host]): that one switches and
      wipes it. A machine that boots from another boot host is that one's at once.
      For machines that are off, or at work, when their boot host is lost: this
      says that another, on the same networks, looks after them from now on.

      Only when the old one is gone for good: switch it off first. One that is
      merely cut off from the cluster would go on switching the same machines.
      Wipes that its agents have begun are begun anew by the new one.

      Exit codes: 0 all are, 1 some are not, 2 none is, 64 wrong usage, 69 no daemon.

      Examples:
        siderite take-over boot-1 --by boot-2 --dry-run
        siderite take-over boot-1 --by boot-2 --kubeconfig ~/.kube/config
      """)

  @Argument(help: "The boot host that is gone.") var host: String
  @Option(help: "The boot host that looks after its machines from now on.") var by: String
  @Flag(help: "Say which, and change nothing.") var dryRun = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard host != by else { throw ValidationError("both are the same boot host") }
    guard ConfigurationForm<String>.hostName.read(by) != nil else {
      throw ValidationError("--by is \(ConfigurationForm<String>.hostName.expected)")
    }
  }

  func run() async throws {
    try await options.withClient(refused: ExitCode(2)) { client in
      let servers = try await client.list(ServerKind.self).items.filter { $0.metadata.bootHost == host }
      guard !servers.isEmpty else { return Terminal.error("no Server was last seen by boot host \(host)") }
      if dryRun {
        for server in servers { print("\(ServerKind.title(of: server.metadata.name)) would be looked after by \(by)") }
        return
      }
      try Confirmation.ask(
        "\(servers.count) Servers are switched and wiped by \(by) from now on. Is \(host) off, and will it stay off?",
        word: "yes", isGiven: yes)
      var report = SetReport(output: .table)
      let patch: JSONValue = .object([
        "metadata": .object(["annotations": .object([ObjectMeta.bootHostAnnotation: .string(by)])])
      ])
      for server in servers {
        await report.add(server.metadata.name) {
          try await client.send(
            .patch, "\(ServerKind.path(of: server.metadata.name))?by=\(pathComponent(Operator.name))", patch,
            contentType: PatchCommand.Form.merge.contentType, as: Server.self)
        } says: { _ in
          "looked after by \(by)"
        }
      }
      try report.finish()
    }
  }
}
