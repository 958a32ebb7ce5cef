import ArgumentParser
import BareMetal

/// `siderite wipe`
struct WipeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wipe",
    abstract: "Erase Servers' disks.",
    discussion: """
      Accepted and released Servers are wiped by themselves: this is for the
      others, such as after a wipe that failed. It shows which disks it is about
      (spec.wipePolicy of the Server says which) and asks for the Server's name,
      or --yes. Servers in use are released instead, and those that nobody
      accepted are never wiped.

      Exit codes: 0 asked for, and with --wait clean; 1 some were not; 2 none
      was; 64 wrong usage; 69 no daemon; 75 not clean in time (--wait).

      Examples:
        siderite wipe r12 --dry-run
        siderite wipe r12 --mode full --yes --wait --timeout 12h
      """)

  @Argument(help: "Servers, by name, the beginning of a name (4 characters or more) or hostname.")
  var servers: [String]
  @Option(help: "fast (discard, and both ends) or full (every byte). (default: as the Server's policy says)")
  var mode: WipePolicy.Mode?
  @Flag(help: "Show the disks, and do nothing.") var dryRun = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var waiting: WaitOptions
  @Option(name: .shortAndLong, help: "table, json (a line a Server), yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard !servers.isEmpty else { throw ValidationError("say which: SERVER…") }
  }

  func run() async throws {
    try await options.withClient(refused: ExitCode(2)) { client in
      var report = SetReport(output: output)
      for text in servers {
        let server = try await client.find(ServerKind.self, text)
        let name = server.metadata.name
        let path = "/servers/\(pathComponent(name))/wipe"
        let planned: Server
        do {
          planned = try await client.send(
            .post, path, WipeRequest(mode: mode, dryRun: true, by: Operator.name), as: Server.self)
        } catch let failure as AdminClient.Failure where !failure.isUnreachable {
          report.fail(name, failure.description)
          continue
        }
        let consequences = "Erased of \(planned.title):\n" + planned.wipeText
        if dryRun {
          print(consequences, terminator: "")
          continue
        }
        try Confirmation.ask(consequences, word: text, isGiven: yes)
        await report.add(name) {
          try await client.send(.post, path, WipeRequest(mode: mode, by: Operator.name), as: Server.self)
        } says: { after in
          "will be wiped: \(after.status.wipe?.disks.count { $0.action == .erase } ?? 0) disks"
        }
      }
      if waiting.wait {
        for name in report.done {
          try await report.wait {
            try await waiting.until(ServerKind.self, name, client) { $0?.wipeProgress ?? .failed("it is gone") }
            if output == .table { print("\(ServerKind.title(of: name)) clean") }
          }
        }
      }
      try report.finish()
    }
  }
}

extension Server {
  /// What the intent says of each disk, a line each.
  fileprivate var wipeText: String {
    guard let disks = status.wipe?.disks, !disks.isEmpty else { return "  no disks\n" }
    return disks.map { order in
      let reason = order.reason.map { " (\(PlainText.line($0)))" } ?? ""
      return "  \(order.action == .erase ? "ERASE" : "keep ")  \(DiskText.name(of: order.disk))\(reason)\n"
    }.joined()
  }
}
