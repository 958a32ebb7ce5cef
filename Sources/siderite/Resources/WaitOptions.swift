import ArgumentParser
import BareMetal

/// `--wait`, and for how long.
struct WaitOptions: ParsableArguments {
  @Flag(help: "Wait for the end of it.") var wait = false
  @Option(help: ArgumentHelp("With --wait: how long at most, 90s, 45m or 2h.", valueName: "time"))
  var timeout = TimeLimit(seconds: 3600)

  /// Before a daemon that is away is asked again.
  private static let daemonPause = Duration.seconds(1)

  /// How far what is waited for has come.
  enum Progress {
    case done
    /// What it is at, for people.
    case underWay(String)
    /// It will not come by itself.
    case failed(String)
  }

  /// Waits until the object is as wanted; `progress` is asked at the beginning and at every change, with `nil` where there
  /// is no such object.
  func until<Kind: ShownKind>(
    _ kind: Kind.Type, _ name: String, _ client: AdminClient,
    _ progress: @escaping @Sendable (Resource<Kind>?) -> Progress
  ) async throws {
    let title = Kind.title(of: name)
    let line = StatusLine()
    defer { line.clear() }
    try await timeout.bound {
      var isTold = false
      while true {
        do {
          if try await follow(kind, name, client, { line.show("\(title): \($0)") }, progress) { return }
        } catch let failure as AdminClient.Failure where failure.isUnreachable {
          // It restarts, as for an upgrade: what is waited for goes on. The time limit ends it otherwise.
          if !isTold { Terminal.error("\(title): waits for the daemon: \(failure)") }
          isTold = true
          try await Task.sleep(for: Self.daemonPause)
        }
      }
    } onTimeout: {
      line.clear()
      Terminal.error("\(title): not done after \(timeout); it goes on")
    }
  }

  func untilGone<Kind: ShownKind>(_ kind: Kind.Type, _ name: String, _ client: AdminClient) async throws {
    try await until(kind, name, client) { object in
      guard let object else { return .done }
      return .underWay("waits for \(object.metadata.finalizers?.joined(separator: ", ") ?? "its deletion")")
    }
  }

  /// - Returns: whether it is done; not, where changes were lost.
  private func follow<Kind: ShownKind>(
    _ kind: Kind.Type, _ name: String, _ client: AdminClient, _ show: (String) -> Void,
    _ progress: (Resource<Kind>?) -> Progress
  ) async throws -> Bool {
    func isDone(_ object: Resource<Kind>?) throws -> Bool {
      switch progress(object) {
      case .done: return true
      case .underWay(let text):
        show(text)
        return false
      case .failed(let reason):
        throw AdminClient.Failure(description: "\(Kind.title(of: name)): \(reason)")
      }
    }
    // With the version of the list, not the object's: whatever happens from then on is seen, its deletion too.
    let list = try await client.list(kind, named: name)
    if try isDone(list.items.first) { return true }
    return try await client.watch(kind, name: name, after: list.metadata?.resourceVersion) { change, object in
      try isDone(change == .deleted ? nil : object)
    }
  }
}

/// `90s`, `45m`, `2h`
struct TimeLimit: ExpressibleByArgument, CustomStringConvertible {
  var seconds: Int64

  init(seconds: Int64) { self.seconds = seconds }

  init?(argument: String) {
    guard let unit = argument.last, let number = Int64(argument.dropLast()), (1...1_000_000).contains(number),
      let factor = ["s": 1, "m": 60, "h": 3600, "d": 86_400][unit] as Int64?
    else { return nil }
    seconds = number * factor
  }

  var description: String {
    seconds % 3600 == 0 ? "\(seconds / 3600)h" : seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
  }
  var defaultValueDescription: String { description }

  /// Runs `body`, and cancels it when the time is over.
  /// - Throws: what `body` throws, or exit code 75.
  func bound(
    _ body: @escaping @Sendable () async throws -> Void, onTimeout: @Sendable () -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return true
      }
      group.addTask {
        try await Task.sleep(for: .seconds(seconds))
        return false
      }
      defer { group.cancelAll() }
      guard try await group.next() == false else { return }
      onTimeout()
      throw ExitCode.underWay
    }
  }
}

/// One line on standard error that says what is waited for; nothing where standard error is not a terminal.
struct StatusLine: Sendable {
  private let isShown = Terminal.isTerminal(.error)

  func show(_ text: String) {
    if isShown { Terminal.writeError("\r\u{1b}[K\(PlainText.line(text))") }
  }

  func clear() {
    if isShown { Terminal.writeError("\r\u{1b}[K") }
  }
}
