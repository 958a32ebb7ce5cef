import BareMetal
import LinuxSystem
import Synchronization

/// How far each disk is: written by the threads that erase, read by the one that reports.
final class WipeBoard: Sendable {
  private struct State {
    var records: [EraseRecord]
    /// When a disk last got on, by the place of its record.
    var lastProgress: [Int: ContinuousClock.Instant] = [:]
    /// Places that no thread has taken yet.
    var waiting: [Int]
    var isStopped = false
  }

  private let state: Mutex<State>

  /// - Parameter records: those that say `running` are to be worked on.
  init(_ records: [EraseRecord]) {
    state = Mutex(State(records: records, waiting: records.indices.filter { records[$0].result == .running }))
  }

  var records: [EraseRecord] { state.withLock { $0.records } }
  /// Whether nothing more happens.
  var isFinished: Bool { state.withLock { !$0.records.contains { $0.result == .running } } }
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// The next disk to work on; `nil` when there is none, or none is wanted any more.
  func next() -> Int? {
    state.withLock { state in
      guard !state.isStopped, !state.waiting.isEmpty else { return nil }
      let place = state.waiting.removeFirst()
      state.lastProgress[place] = .now
      return place
    }
  }

  /// Whether to go on.
  func progress(_ place: Int, _ method: String, _ bytes: UInt64) -> Bool {
    state.withLock { state in
      guard state.records[place].result == .running else { return false }
      state.records[place].method = method
      state.records[place].bytes = bytes
      state.lastProgress[place] = .now
      return !state.isStopped
    }
  }

  func finish(_ place: Int, _ result: Result<DiskEraser.Outcome, DiskEraser.Failure>) {
    state.withLock { state in
      // Given up on: what comes now comes too late.
      guard state.records[place].result == .running else { return }
      var record = state.records[place]
      switch result {
      case .success(let outcome):
        record.result = .erased
        record.method = outcome.method
        record.attempts = Self.told(outcome.attempts)
        record.verification = outcome.verification
        record.bytes = record.disk.size
      case .failure(let failure):
        record.result = .failed
        record.attempts = Self.told(failure.attempts)
        record.message = PlainText.line(failure.reason)
      }
      state.records[place] = record
    }
  }

  /// Nothing more is begun; what is being erased stops soon.
  func stop(_ reason: String) {
    state.withLock { state in
      state.isStopped = true
      for place in state.waiting {
        state.records[place].result = .failed
        state.records[place].message = PlainText.line("not begun: \(reason)")
      }
      state.waiting = []
    }
  }

  /// Gives up on disks that did not get on for so long: a command that never ends must not hold the others up.
  func giveUp(after limit: Duration, now: ContinuousClock.Instant) {
    state.withLock { state in
      for (place, last) in state.lastProgress
      where state.records[place].result == .running && last.duration(to: now) > limit {
        state.records[place].result = .failed
        state.records[place].message = "nothing happened for \(limit.components.seconds / 60) min"
      }
    }
  }

  private static func told(_ attempts: [String]) -> [String]? {
    attempts.isEmpty ? nil : attempts.map { PlainText.line($0) }
  }
}
