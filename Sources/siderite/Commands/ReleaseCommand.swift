import ArgumentParser
import BareMetal

/// `siderite release`
struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Give allocated Servers back: their disks are erased.",
    discussion: """
      The Server's binding is deleted, and its disks are erased (spec.wipePolicy
      says which); then it is off, clean, and can be allocated again. A Server of
      a Cluster API machine is released by deleting that, or with --force.

      Exit codes: 0 released, and with --wait clean; 1 some were not; 2 none was;
      64 wrong usage; 69 no daemon; 75 not clean in time (--wait).

      Examples:
        siderite release r12
        siderite release r12 r13 --yes --wait
      """)

  @Argument(help: "Servers, by name, the beginning of a name (4 characters or more) or hostname.")
  var servers: [String]
  @Flag(help: "Also a Cluster API machine's.") var force = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var waiting: WaitOptions
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard !servers.isEmpty else { throw ValidationError("say which: SERVER…") }
  }

  func run() async throws {
    try await options.withClient(refused: ExitCode(2)) { client in
      var names: [String] = []
      for text in servers { names.append(try await client.find(ServerBindingKind.self, text).metadata.name) }
      try Confirmation.ask(
        "Released, their disks are erased:\n" + names.map { "  \($0)\n" }.joined(), word: "yes", isGiven: yes)
      var report = SetReport(output: .table)
      for name in names {
        let query = "?by=\(pathComponent(Operator.name))\(force ? "&force=true" : "")"
        await report.act(name) {
          _ = try await client.send(
            .delete, "/allocations/\(pathComponent(name))\(query)", as: ServerBinding.self)
          return "released: its disks will be erased"
        }
      }
      if waiting.wait {
        for name in report.done {
          try await report.wait {
            try await waiting.untilGone(ServerBindingKind.self, name, client)
            try await waiting.until(ServerKind.self, name, client) { $0?.wipeProgress ?? .failed("it is gone") }
            print("\(ServerKind.title(of: name)) clean")
          }
        }
      }
      try report.finish()
    }
  }
}
