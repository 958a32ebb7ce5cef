import ArgumentParser
import BareMetal
import FoundationEssentials
import Synchronization

/// Shows what became of a request to many machines: progress while it lasts, results, failures by kind, and an exit code.
final class OutcomeReport: Sendable {
  /// What was said of one kind of failure, and whom it was said of; the others are counted.
  private static let namedFailures = 20
  private static let namedTargets = 5

  private struct State {
    var total = 0
    var outcomes: [BMCOutcome] = []
    var failures = 0
  }

  private let state = Mutex(State())
  private let request: BMCRequest
  private let format: OutputFormat
  private let progress = ProgressLine()

  init(request: BMCRequest, format: OutputFormat) {
    self.request = request
    self.format = format
  }

  func begin(total: Int) {
    state.withLock { $0.total = total }
    progress.show(done: 0, total: total, failed: 0)
  }

  func add(_ outcome: BMCOutcome) throws {
    let (done, total, failed) = state.withLock { state in
      state.outcomes.append(outcome)
      if case .failure = outcome.result { state.failures += 1 }
      return (state.outcomes.count, state.total, state.failures)
    }
    if format == .json {
      progress.clear()
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(outcome), as: UTF8.self))
      Terminal.flush()
    }
    progress.show(done: done, total: total, failed: failed)
  }

  /// Prints what is left to print.
  /// - Throws: the exit code, unless it is 0.
  func finish() throws {
    progress.clear()
    let (outcomes, total) = state.withLock { ($0.outcomes, $0.total) }
    let sorted = outcomes.map { (NaturalOrder($0.target), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    let successes = sorted.filter { (try? $0.result.get()) != nil }
    switch format {
    case .json: break
    case .yaml: print(try OutputFormat.render(sorted, as: .yaml), terminator: "")
    case .name: for outcome in successes { print(outcome.target) }
    case .table, .wide:
      print(AnswerText.text(sorted, request: request, isOne: total <= 1), terminator: "")
    }
    Terminal.flush()
    for line in Self.summary(of: sorted) { Terminal.error(line) }
    let missing = total - outcomes.count
    if missing > 0 { Terminal.error("\(missing) of \(total) were not asked, or did not answer before it ended") }
    if let code = Self.exitCode(succeeded: successes.count, of: max(total, outcomes.count)) { throw code }
  }

  /// 1: some failed; 2: none succeeded.
  static func exitCode(succeeded: Int, of total: Int) -> ExitCode? {
    if succeeded == total { return nil }
    return succeeded == 0 ? ExitCode(2) : ExitCode(1)
  }

  /// The failures, grouped by kind, the most frequent first, and by what was said.
  static func summary(of outcomes: [BMCOutcome]) -> [String] {
    var failures: [BMCFailure.Kind: [(target: String, message: String)]] = [:]
    for outcome in outcomes {
      if case .failure(let failure) = outcome.result {
        failures[failure.kind, default: []].append((outcome.target, PlainText.line(failure.message)))
      }
    }
    if outcomes.count == 1, let only = failures.first?.value.first { return ["\(only.target): \(only.message)"] }
    let count = failures.values.reduce(0) { $0 + $1.count }
    guard count > 0 else { return [] }
    var lines = ["\(count) of \(outcomes.count) failed"]
    for (kind, list) in failures.sorted(by: { ($1.value.count, $0.key.rawValue) < ($0.value.count, $1.key.rawValue) }) {
      lines.append("\(kind.rawValue), \(list.count):")
      var messages: [String] = []
      var targets: [String: [String]] = [:]
      for (target, message) in list {
        if targets[message] == nil { messages.append(message) }
        targets[message, default: []].append(target)
      }
      for message in messages.prefix(namedFailures) {
        lines.append("  \(named(targets[message] ?? [])): \(message)")
      }
      if messages.count > namedFailures {
        lines.append("  and \(messages.count - namedFailures) more (all with -o json)")
      }
    }
    return lines
  }

  private static func named(_ targets: [String]) -> String {
    let others = targets.count - namedTargets
    return targets.prefix(namedTargets).joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
  }
}

/// One line on standard error that changes while work goes on; nothing where standard error is not a terminal.
struct ProgressLine: Sendable {
  private let isShown = Terminal.isTerminal(.error)

  func show(done: Int, total: Int, failed: Int) {
    // A single machine needs no counting; of many, every hundredth part is enough.
    guard isShown, total > 1, done % max(1, total / 100) == 0 || done == total else { return }
    Terminal.writeError("\r\u{1b}[K\(done) of \(total)\(failed > 0 ? ", \(failed) failed" : "")")
  }

  func clear() {
    if isShown { Terminal.writeError("\r\u{1b}[K") }
  }
}
