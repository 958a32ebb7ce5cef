import ArgumentParser
import BareMetal
import Wire

/// `siderite boots`
struct BootsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boots",
    abstract: "Show each machine's way from power-on to Server.",
    discussion: """
      Examples:
        siderite boots                       the last thing that happened to each machine
        siderite boots 52:54:00:12:34:56     everything that happened to one
        siderite boots --watch               live, a line an event
      """)

  @Argument(help: "A machine's hardware address, UUID or IP address.") var machine: String?
  @Flag(help: "Follow what happens from now on.") var watch = false
  @Option(name: .shortAndLong, help: "table, json or yaml.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func run() async throws {
    try await options.withClient(needsDaemon: "the boot journal") { client in
      if watch {
        try await client.follow("/boots?watch=true", as: BootJournal.Update.self) { update in
          guard matches(mac: update.mac, uuid: update.uuid, address: update.address) else { return }
          show(update)
        }
        return
      }
      let records = (try await client.get("/boots", as: [BootRecord].self) ?? [])
        .filter { matches(mac: $0.mac, uuid: $0.uuid, address: $0.address) }
      try show(records)
    }
  }

  private func matches(mac: MACAddress?, uuid: SystemUUID?, address: IPAddress?) -> Bool {
    guard let machine = machine?.lowercased() else { return true }
    return mac?.description == machine || mac?.hyphenated == machine || uuid?.description == machine
      || address?.description == machine
  }

  private func show(_ update: BootJournal.Update) {
    let name = update.mac?.description ?? update.uuid?.description ?? update.address?.description ?? "?"
    print("\(update.event.time)  \(name)  \(update.event.isWarning ? "! " : "")\(update.event.message)")
    Terminal.flush()
  }

  private func show(_ records: [BootRecord]) throws {
    switch output {
    case .json, .yaml: print(try OutputFormat.render(records, as: output), terminator: "")
    case .name: for record in records { print(record.name) }
    case .table, .wide:
      if machine != nil {
        for record in records {
          print("\(record.name)  \(record.uuid?.description ?? "")")
          for event in record.events { print("  \(event.time)  \(event.isWarning ? "! " : "")\(event.message)") }
        }
      } else {
        let rows = records.map { record in
          [
            record.mac?.description ?? "", record.address?.description ?? "", record.uuid?.description ?? "",
            record.events.last?.reason ?? "",
            record.events.last.map { Age.text(of: Timestamp.now.since($0.time)) } ?? "",
            record.events.last?.message ?? "",
          ]
        }
        print(
          Table(columns: ["MAC", "ADDRESS", "UUID", "EVENT", "AGE", "MESSAGE"], rows: rows).text, terminator: "")
      }
    }
  }
}
