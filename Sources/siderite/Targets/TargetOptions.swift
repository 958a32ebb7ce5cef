import ArgumentParser
import BMC
import BareMetal
import FoundationEssentials
import LinuxSystem
import Logging

/// Which machines are meant, and how they are asked.
struct TargetOptions: ParsableArguments {
  /// BMCs spoken with at a time from here, unless said otherwise.
  static let concurrency = 1024

  @Argument(help: "Servers, by name, the beginning of a name (4 characters or more) or hostname.")
  var servers: [String] = []
  @Flag(help: "Every Server.")
  var all = false
  @Option(name: .shortAndLong, help: "Servers by label: 'rack=3,role!=storage,tier in (a,b),!broken'.")
  var selector: String?
  @OptionGroup(title: "Addresses") var hosts: HostOptions
  @Option(help: ArgumentHelp("Machines asked at a time, at most.", valueName: "n"))
  var concurrency: Int?
  @Option(name: .shortAndLong, help: "table, json (a line a machine, as they answer), yaml or name.")
  var output: OutputFormat = .table
  @OptionGroup var admin: AdminOptions

  func validate() throws {
    let given = [!servers.isEmpty, all, selector != nil, !hosts.host.isEmpty].count { $0 }
    guard given == 1 else {
      throw ValidationError("say which machines: SERVER…, --all, --selector or --host, one of them")
    }
    guard !hosts.isStray else {
      throw ValidationError("these options go with --host; how a Server is reached is set with 'siderite bmc set'")
    }
    guard concurrency.map({ $0 > 0 }) ?? true else { throw ValidationError("--concurrency is 1 or more") }
  }

  /// Asks all of them, shows what came of it, and ends with the exit code that says how it went.
  func ask(_ request: BMCRequest, force: Bool = false) async throws {
    let report = OutcomeReport(request: request, format: output)
    do {
      try await Interruption.cancelling {
        if hosts.host.isEmpty {
          try await askDaemon(request, force: force, report)
        } else {
          try await askHosts(request, report)
        }
      }
    } catch is Interruption {
      try? report.finish()
      Terminal.error("interrupted: the others were not asked, or nobody knows what became of it")
      throw ExitCode(130)
    } catch {
      // What did answer is shown all the same.
      try? report.finish()
      throw error
    }
    try report.finish()
  }

  private func askDaemon(_ request: BMCRequest, force: Bool, _ report: OutcomeReport) async throws {
    var order = BMCOrder(request: request)
    order.names = servers.isEmpty ? nil : servers
    order.all = all ? true : nil
    order.selector = selector
    order.force = force ? true : nil
    order.concurrency = concurrency
    order.by = Operator.name
    // Refused as a whole: none succeeded.
    try await admin.withClient(refused: ExitCode(2), needsDaemon: "asking management controllers") { client in
      let answers = try await client.stream(.post, "/bmc", order)
      report.begin(total: answers.targets ?? 0)
      while let outcome = try await answers.next(BMCOutcome.self) { try report.add(outcome) }
    }
  }

  private func askHosts(_ request: BMCRequest, _ report: OutcomeReport) async throws {
    let methods = try hosts.methods()
    let limit = concurrency ?? Self.concurrency
    report.begin(total: methods.count)
    try await HostFleet.with(concurrency: limit) { fleet in
      try await methods.concurrently(limit: limit) { target, method in
        await BMCOutcome.of(target, clock: ContinuousClock()) { () async throws(BMCFailure) in
          try await fleet.controller(for: method).perform(request)
        }
      } receive: {
        try report.add($0)
      }
    }
  }
}

/// The fleet of one command: its sessions end with it.
enum HostFleet {
  static func with<Result>(concurrency: Int, _ body: (BMCFleet) async throws -> Result) async throws -> Result {
    // Redfish takes a descriptor a BMC; where the limit cannot be raised, that many at a time is what there is.
    try? OpenFileLimit.raise()
    var configuration = BMCFleetConfiguration()
    configuration.concurrency = concurrency
    let fleet = try await BMCFleet(
      configuration: configuration, logger: Logger(label: "siderite") { _ in SwiftLogNoOpLogHandler() })
    let result: Result
    do {
      result = try await body(fleet)
    } catch {
      await fleet.close()
      throw error
    }
    await fleet.close()
    return result
  }
}

/// The person who gives the command, for the journal.
enum Operator {
  static var name: String {
    let environment = ProcessInfo.processInfo.environment
    return environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "an administrator"
  }
}
