import ArgumentParser
import BareMetal
import Wire

/// `siderite leases`
struct LeasesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leases",
    abstract: "Show the DHCP leases of this boot host, and bring them from and to other DHCP servers.",
    discussion: """
      Examples:
        siderite leases                        those that hold now
        siderite leases 52:54:00:12:34:56      one machine's
        siderite leases export --format kea > kea-leases4.csv
        siderite leases import --format isc /var/lib/dhcp/dhcpd.leases
      """,
    subcommands: [List.self, Export.self, Import.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "Show the leases. (default)",
      discussion: """
        A lease is kept when it is over, so that its machine finds its address
        again. A declined address is in use by another machine, whose client or
        whose own answer (ARP) told of it: it rests for an hour.

        Examples:
          siderite leases                        those that hold now
          siderite leases --all                  those that are over, too
          siderite leases 52:54:00:12:34:56      one machine's
          siderite leases -o json
        """)

    @Argument(help: "A hardware address, an IP address or a host name.") var machine: String?
    @Flag(help: "Those that are over, too.") var all = false
    @Option(name: .shortAndLong, help: "table, json, yaml or name.") var output: OutputFormat = .table
    @OptionGroup var options: AdminOptions

    func run() async throws {
      try await options.withClient(needsDaemon: "the list of leases") { client in
        let now = Timestamp.now
        try show(
          (try await client.get("/leases", as: [Lease].self) ?? []).filter { lease in
            matches(lease) && (all || lease.expires > now)
          }, now)
      }
    }

    private func matches(_ lease: Lease) -> Bool {
      guard let machine = machine?.lowercased() else { return true }
      return lease.mac.description == machine || lease.mac.hyphenated == machine
        || lease.address.description == machine || lease.hostname?.lowercased() == machine
    }

    private func show(_ leases: [Lease], _ now: Timestamp) throws {
      switch output {
      case .json, .yaml: print(try OutputFormat.render(leases, as: output), terminator: "")
      case .name: for lease in leases { print(lease.address) }
      case .table, .wide:
        let rows = leases.map { lease in
          let state = lease.expires > now ? lease.state.rawValue : "over"
          let left = lease.expires > now ? Age.text(of: lease.expires.since(now)) : ""
          return [lease.address.description, lease.mac.description, lease.hostname ?? "", state, left]
        }
        print(Table(columns: ["ADDRESS", "MAC", "HOSTNAME", "STATE", "LEFT"], rows: rows).text, terminator: "")
      }
    }
  }
}

/// Whose files `siderite leases` reads and writes.
enum LeaseFormat: String, ExpressibleByArgument, CaseIterable {
  case isc, kea, dnsmasq, json

  /// `nil` for our own.
  var file: LeaseFile.Format? { LeaseFile.Format(rawValue: rawValue) }
}
