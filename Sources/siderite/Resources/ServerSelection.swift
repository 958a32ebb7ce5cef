import ArgumentParser
import BareMetal

/// Which Servers: by name, all, or by label.
struct ServerSelection: ParsableArguments {
  @Argument(help: "Servers, by name, the beginning of a name (4 characters or more) or hostname.")
  var servers: [String] = []
  @Flag(help: "Every Server.") var all = false
  @Option(name: [.customShort("l"), .long], help: "Servers by label: 'rack=3,role!=storage,tier in (a,b),!broken'.")
  var selector: String?

  func validate() throws {
    guard [!servers.isEmpty, all, selector != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("say which: SERVER…, --all or --selector, one of them")
    }
  }

  /// At least one.
  func find(_ client: AdminClient) async throws -> [Server] {
    let found = try await client.list(ServerKind.self, names: servers, selector: selector).items
    guard !found.isEmpty else {
      throw AdminClient.Failure(
        description: all ? ServerKind.emptyHint : "no Server matches the selector \(selector ?? "")", status: 404)
    }
    return found
  }
}

extension Server {
  /// `4c4c4544-… (r12)`
  var title: String { metadata.name + (spec.hostname.map { " (\($0))" } ?? "") }

  /// How far the wipe is that makes it ready.
  var wipeProgress: WaitOptions.Progress { wipeProgress(after: nil) }

  /// - Parameter generation: of the wipe there was before what is waited for was asked for; another one must come.
  func wipeProgress(after generation: Int64?) -> WaitOptions.Progress {
    if let generation, (status.wipe?.generation ?? 0) <= generation, status.wipe?.isOpen != true {
      return .underWay("waits for its wipe\(powerCycleNote)")
    }
    if status.isClean, status.ready { return .done }
    if status.isClean { return .underWay("wiped; waits to be off") }
    guard let wipe = status.wipe else { return .underWay("waits for its wipe") }
    switch wipe.phase {
    case .requested: return .underWay("waits for the agent\(powerCycleNote)")
    case .running: return .underWay("wipes: \(wipe.message ?? "")")
    case .failed: return .failed("the wipe failed: \(wipe.message ?? "see 'siderite describe server'")")
    case .done: return .underWay("wiped")
    }
  }

  /// What a person must do, where there is nothing that does it.
  private var powerCycleNote: String {
    let condition = status.conditions?.first { $0.type == "PowerCycle" && $0.status != .true }
    return (condition?.message).map { ": \(PlainText.line($0))" } ?? ""
  }
}
