import ArgumentParser
import BareMetal
import Foundation
import Wire

extension LeasesCommand {
  /// `siderite leases export`
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Write the leases that hold now, as another DHCP server keeps them.",
      discussion: """
        The file goes to standard output. Stop the daemon before the other
        server begins, and export last of all: what is given out later is not in
        the file.

        Examples:
          siderite leases export --format isc > /var/lib/dhcp/dhcpd.leases
          siderite leases export --format kea --subnet-id 7 > kea-leases4.csv
        """)

    @Option(help: "isc (dhcpd.leases), kea (memfile CSV), dnsmasq or json.") var format: LeaseFormat
    @Option(help: "With kea: the subnet that the leases are in.") var subnetID: UInt32 = 1
    @OptionGroup var options: AdminOptions

    func run() async throws {
      try await options.withClient(needsDaemon: "the list of leases") { client in
        let now = Timestamp.now
        let leases = (try await client.get("/leases", as: [Lease].self) ?? []).filter { $0.expires > now }
        guard let file = format.file else {
          print(try OutputFormat.render(leases, as: .json), terminator: "")
          return
        }
        let (text, leftOut) = LeaseFile.text(of: leases, as: file, now: now, subnetID: subnetID)
        print(text, terminator: "")
        if leftOut > 0 { Terminal.error("\(leftOut) of \(leases.count) left out: \(format.rawValue) cannot say them") }
      }
    }
  }

  /// `siderite leases import`
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Take over the leases of another DHCP server, so that its clients keep their addresses.",
      discussion: """
        The daemon takes over what it could have given out itself, and says why
        it leaves the rest: an address that somebody else has here, that is in
        no pool, or that is reserved for another machine; a machine that has
        another address here. What cannot be read is told with its line. Stop
        the other server first. To do it twice does no harm.

        Exit codes: 0 everything that is not over is taken over; 1 something is
        not; 65 nothing could be read; 66 no such file; 69 no daemon.

        Examples:
          siderite leases import --format isc /var/lib/dhcp/dhcpd.leases
          siderite leases import --format kea /var/lib/kea/kea-leases4.csv
          siderite leases import --format dnsmasq /var/lib/misc/dnsmasq.leases
        """)

    @Option(help: "isc (dhcpd.leases), kea (memfile CSV), dnsmasq or json (of 'leases export').") var format:
      LeaseFormat
    @Argument(help: "The file; - for standard input.") var file: String
    @OptionGroup var options: AdminOptions

    func run() async throws {
      let (leases, lines, isWhole) = try read()
      try await options.withClient(needsDaemon: "the import of leases") { client in
        var taken = 0
        var refused = 0
        var start = 0
        while start < leases.count {
          let part = Array(leases[start..<min(start + Self.batch, leases.count)])
          for outcome in try await client.send(.post, "/leases", part, as: [LeaseAdoption].self) {
            if let refusal = outcome.refusal {
              refused += 1
              let place = lines[outcome.address].map { "\(file):\($0): " } ?? ""
              Terminal.error("\(place)\(outcome.address) is left: \(refusal)")
            } else {
              taken += 1
            }
          }
          start += Self.batch
        }
        print("\(taken) of \(leases.count) leases taken over")
        if refused > 0 || !isWhole { throw ExitCode.failure }
      }
    }

    /// Leases in one request.
    private static let batch = 10_000

    /// What the file has, on which lines, and whether all of it could be read.
    private func read() throws -> (leases: [Lease], lines: [IPv4Address: Int], isWhole: Bool) {
      let data: Data
      do {
        data =
          file == "-"
          ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(fileURLWithPath: file))
      } catch {
        Terminal.error("\(file) cannot be read: \(error.localizedDescription)")
        throw ExitCode.noInput
      }
      guard let form = format.file else {
        do {
          return (try JSONDecoder().decode([Lease].self, from: data), [:], true)
        } catch {
          Terminal.error("\(file) is no list of leases as 'siderite leases export --format json' writes it: \(error)")
          throw ExitCode.invalidData
        }
      }
      let content = LeaseFile(parsing: [UInt8](data), as: form)
      for problem in content.problems { Terminal.error("\(file):\(problem.line): \(problem.message)") }
      if content.moreProblems > 0 { Terminal.error("\(file): \(content.moreProblems) more lines cannot be read") }
      let isWhole = content.problems.isEmpty
      if content.entries.isEmpty, !isWhole { throw ExitCode.invalidData }
      let now = Timestamp.now
      let leases = content.entries.map(\.lease).filter { $0.expires > now }
      let ended = content.ended + content.entries.count - leases.count
      if ended > 0 { Terminal.error("\(ended) addresses are nobody's any more, and left") }
      let lines = Dictionary(content.entries.map { ($0.lease.address, $0.line) }, uniquingKeysWith: { $1 })
      return (leases, lines, isWhole)
    }
  }
}
