import ArgumentParser
import BMC
import BareMetal

/// `siderite console`
struct ConsoleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "console",
    abstract: "Connect to a machine's serial console (serial-over-LAN).",
    discussion: """
      At a terminal, right after Enter: ~. ends, ~B sends a break, ~? helps.
      Without a terminal, standard input goes to the machine and what it writes
      to standard output, until the console ends or the command is terminated.

      --record keeps what the machine writes, with times, as asciicast v2:
      'asciinema play FILE' shows it again.

      Exit codes: 0 the console was ended, 1 it could not be opened or broke
      off, 64 wrong usage, 69 no daemon, 130 interrupted.

      Examples:
        siderite console 4c4c4544-0031-3510-8051-b4c04f4d3232
        siderite console --host 10.0.0.7 --user admin --record boot.cast
        timeout 120 siderite console node7 < /dev/null > node7.log
      """)

  @Argument(help: "The Server, by name, the beginning of its name or hostname.") var server: String?
  @OptionGroup(title: "Addresses") var hosts: HostOptions
  @Option(help: "Keep what the machine writes in this file.") var record: String?
  @Flag(help: "Take the console from whoever has it.") var takeOver = false
  @Option(help: "The escape character, or none.") var escape = "~"
  @OptionGroup var admin: AdminOptions

  func validate() throws {
    guard (server == nil) != hosts.host.isEmpty else { throw ValidationError("say which machine: SERVER or --host") }
    guard !hosts.isStray else {
      throw ValidationError("these options go with --host; how a Server is reached is set with 'siderite bmc set'")
    }
    guard escape == "none" || escape.utf8.count == 1 else {
      throw ValidationError("--escape is one ASCII character, or none")
    }
  }

  func run() async throws {
    let session = ConsoleSession(
      target: server ?? hosts.host.joined(), escape: escape == "none" ? nil : escape.utf8.first, recording: record)
    do {
      try await Interruption.cancelling {
        if let server { try await runByDaemon(server, session) } else { try await runFromHere(session) }
      }
    } catch is Interruption {
      throw ExitCode(130)
    } catch let failure as BMCFailure {
      Terminal.error("\(session.target): \(failure.message)")
      throw ExitCode.failure
    }
  }

  private func runByDaemon(_ server: String, _ session: ConsoleSession) async throws {
    try await admin.withClient(needsDaemon: "a console") { client in
      let stream = try await client.stream(
        .post, "/servers/\(pathComponent(server))/console", ConsoleOrder(takeOver: takeOver, by: Operator.name))
      guard let opened = try await stream.next(ConsoleOpened.self) else {
        throw AdminClient.Failure(description: "the daemon ended the console")
      }
      let path = "/consoles/\(pathComponent(opened.console))/input"
      try await session.run(
        ConsoleSession.Port(
          receive: { each in while let output = try await stream.next(ConsoleOutput.self) { try each(output) } },
          type: { try await client.send(.post, path, ConsoleInput(bytes: $0)) },
          sendBreak: { try await client.send(.post, path, ConsoleInput(sendBreak: true)) }))
    }
  }

  private func runFromHere(_ session: ConsoleSession) async throws {
    let methods = try hosts.methods()
    guard methods.count == 1, let method = methods.first?.method else {
      throw ValidationError("a console is one machine's: give one address")
    }
    try await HostFleet.with(concurrency: 1) { fleet in
      let console = try await fleet.controller(for: method).openConsole(takingOver: takeOver)
      do {
        try await session.run(
          ConsoleSession.Port(
            receive: { each in for await output in console.output { try each(output) } },
            type: { try await console.type($0) }, sendBreak: { try await console.sendBreak() }))
      } catch {
        await close(console)
        throw error
      }
      await close(console)
    }
  }

  /// Lets go of the machine's port, also when we were interrupted.
  private func close(_ console: any SerialConsole) async { await Task { await console.close() }.value }
}
