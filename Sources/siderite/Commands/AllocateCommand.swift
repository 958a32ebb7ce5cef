import ArgumentParser
import BareMetal
import LinuxSystem

/// `siderite allocate`
struct AllocateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allocate",
    abstract: "Take Servers, and install them by a machine configuration; without Cluster API.",
    discussion: """
      Takes clean Servers of a class, or the one that is named, makes their
      ServerBindings, powers them on into their Environment and serves them the
      configuration with the patches of class and Server. All of --count are
      taken, or none.

      --wait lasts until they are installed: the machine says so itself, or a
      person does ('siderite installed').

      Exit codes: 0 allocated, and with --wait installed; 1 refused; 64 wrong
      usage; 66 the configuration cannot be read; 69 no daemon; 75 not installed
      in time (--wait).

      Examples:
        siderite allocate --class workers --config worker.yaml --count 3
        siderite allocate --server r12 --config controlplane.yaml --wait
        siderite allocate --class any --dry-run
      """)

  @Option(name: .customLong("class"), help: "A ServerClass to take them from.") var serverClass: String?
  @Option(help: "The Server to take.") var server: String?
  @Option(help: "How many of the class.") var count: Int = 1
  @Option(
    help: ArgumentHelp(
      "The machine configuration: YAML, one or several documents; - is standard input.", valueName: "file"))
  var config: String?
  @Flag(help: "Say which would be taken, and take none.") var dryRun = false
  @OptionGroup var waiting: WaitOptions
  @Option(name: .shortAndLong, help: "table, json, yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard (serverClass == nil) != (server == nil) else { throw ValidationError("--class or --server, one of them") }
    guard count > 0 else { throw ValidationError("--count is 1 or more") }
    guard server == nil || count == 1 else { throw ValidationError("--count goes with --class") }
    guard dryRun || config != nil else {
      throw ValidationError("--config FILE: without a configuration nothing is installed")
    }
  }

  func run() async throws {
    var order = AllocationOrder()
    order.serverClass = serverClass
    order.server = server
    order.count = count
    order.config = try config.map { try readConfiguration($0) }
    order.dryRun = dryRun
    order.by = Operator.name
    try await options.withClient(needsDaemon: "an allocation by hand") { [order] client in
      let list = try await client.send(
        .post, "/allocations", order, as: ResourceCollection<ServerBindingKind>.self)
      try show(list)
      guard waiting.wait, !dryRun else { return }
      for binding in list.items {
        let name = binding.metadata.name
        try await waiting.until(ServerBindingKind.self, name, client) {
          $0?.installProgress ?? .failed("it was released")
        }
        if output == .table { print("\(ServerKind.title(of: name)) installed") }
      }
    }
  }

  private func show(_ list: ResourceCollection<ServerBindingKind>) throws {
    switch output {
    case .json, .yaml: print(try OutputFormat.render(list, as: output), terminator: "")
    case .name: for binding in list.items { print(ServerBindingKind.title(of: binding.metadata.name)) }
    case .table, .wide:
      for binding in list.items {
        print("\(ServerKind.title(of: binding.metadata.name)) allocated\(dryRun ? " (dry run)" : "")")
      }
    }
    Terminal.flush()
  }

  /// A configuration is what the patches make of it: that it is YAML is looked at here, the rest by the daemon.
  private func readConfiguration(_ path: String) throws -> String {
    let files = ManifestFiles([path])
    guard files.problems.isEmpty, let text = files.text else {
      for problem in files.problems { Terminal.error(problem.description) }
      throw files.isUnreadable ? ExitCode.noInput : ExitCode.invalidData
    }
    return text
  }
}

extension Resource where Kind == ServerBindingKind {
  /// How far the machine is installed.
  var installProgress: WaitOptions.Progress {
    if metadata.deletionTimestamp != nil { return .failed("it is being released") }
    if isInstalled { return .done }
    let failed = status.conditions?.first { $0.status == .false && $0.severity == "Error" }
    let text = failed.map { "\($0.type): \($0.message ?? $0.reason ?? "failed")" } ?? "waits to be installed"
    return .underWay(PlainText.line(text))
  }
}
