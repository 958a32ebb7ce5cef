import ArgumentParser
import BareMetal

/// `siderite accept`
struct AcceptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept",
    abstract: "Say that discovered machines are yours: they are wiped, and can be allocated.",
    discussion: """
      Nothing is ever written to a machine that is not accepted. Once it is, its
      disks are erased (spec.wipePolicy says which; 'siderite wipe --dry-run'
      shows them), it is powered off, and it is clean. Named machines are taken at
      your word; --all and --selector are asked for, or said with --yes.

      --undo takes the word back: the machine is left as it is, it is no longer
      wiped, switched, allocated or booted into an Environment, and a later
      acceptance wipes it again. A wipe that an agent has begun is stopped, and has
      failed. Not of an allocated Server, unless with --force.

      Exit codes: 0 accepted, and with --wait clean; 1 some were not; 2 none
      was; 64 wrong usage; 69 no daemon; 75 not clean in time (--wait).

      Examples:
        siderite accept 4c4c4544 r13
        siderite accept --selector rack=3 --yes --wait
        siderite accept 4c4c4544 --undo
      """)

  @OptionGroup var servers: ServerSelection
  @Flag(help: "Take it back.") var undo = false
  @Flag(help: "With --undo: also of an allocated Server.") var force = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var waiting: WaitOptions
  @Option(name: .shortAndLong, help: "table, json (a line a Server), yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard !force || undo else { throw ValidationError("--force goes with --undo") }
    guard !undo || !waiting.wait else { throw ValidationError("--undo has nothing to wait for") }
  }

  func run() async throws {
    try await options.withClient(refused: ExitCode(2)) { client in
      let found = try await servers.find(client).filter { $0.spec.accepted == undo || !servers.servers.isEmpty }
      guard !found.isEmpty else {
        return Terminal.error("all of them are \(undo ? "not accepted" : "accepted") already")
      }
      if !undo, servers.servers.isEmpty {
        try Confirmation.ask(
          "Accepted, their disks are erased:\n" + found.map { "  \($0.title)\n" }.joined(), word: "yes", isGiven: yes)
      }
      // Of those that are accepted now, the wipe before: its end is not what is waited for.
      var earlier: [String: Int64] = [:]
      for server in found where !server.spec.accepted {
        earlier[server.metadata.name] = server.status.wipe.map { $0.isOpen ? $0.generation - 1 : $0.generation } ?? 0
      }
      var report = SetReport(output: output)
      for server in found {
        await report.add(server.metadata.name) {
          let path = "/servers/\(pathComponent(server.metadata.name))/accept"
          let order = AcceptanceOrder(accepted: !undo, force: force, by: Operator.name)
          return try await client.send(.post, path, order, as: Server.self)
        } says: { after in
          if undo { return server.spec.accepted ? "no longer accepted" : "not accepted already" }
          return server.spec.accepted ? "accepted already" : "accepted: \(after.erasureText)"
        }
      }
      if waiting.wait {
        for name in report.done {
          try await report.wait {
            let generation = earlier[name]
            try await waiting.until(ServerKind.self, name, client) {
              $0?.wipeProgress(after: generation) ?? .failed("it is gone")
            }
            if output == .table { print("\(ServerKind.title(of: name)) clean") }
          }
        }
      }
      try report.finish()
    }
  }
}

extension Server {
  /// What comes of its acceptance, and what a person has to do for it.
  fileprivate var erasureText: String {
    switch managementAbility {
    case .full: "its disks will be erased"
    case .wakes:
      "its disks will be erased when it boots the agent: it is woken; power-cycle it by hand if it is on"
    case .byHand: "its disks will be erased when it boots the agent: power-cycle it by hand"
    }
  }
}
