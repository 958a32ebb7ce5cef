import BareMetal
import Synchronization

/// What a console wrote and nobody has read yet: bounded, the oldest gives way and the reader is told.
final class ConsoleBuffer: Sendable {
  /// Characters kept: a minute of 9600 bit/s, half a second of a busy BMC.
  static let mostBytes = 65_536

  fileprivate struct State {
    var outputs: [ConsoleOutput] = []
    var byteCount = 0
    var isOver = false
    var reader: CheckedContinuation<ConsoleOutput?, Never>?
  }

  private let state = Mutex(State())

  /// Adds what came; characters that follow characters are joined.
  func add(_ output: ConsoleOutput) {
    let reader: CheckedContinuation<ConsoleOutput?, Never>? = state.withLock { state in
      guard !state.isOver else { return nil }
      if case .ended = output { state.isOver = true }
      defer { state.reader = nil }
      if state.reader == nil { state.add(output) }
      return state.reader
    }
    reader?.resume(returning: output)
  }

  /// The next thing; `nil` when it is over.
  func next() async -> ConsoleOutput? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (isReady, output, replaced) = state.withLock {
          state -> (Bool, ConsoleOutput?, CheckedContinuation<ConsoleOutput?, Never>?) in
          if let output = state.removeFirst() { return (true, output, nil) }
          if state.isOver || Task.isCancelled { return (true, nil, nil) }
          defer { state.reader = continuation }
          // There is one reader; a second one takes its place.
          return (false, nil, state.reader)
        }
        replaced?.resume(returning: nil)
        if isReady { continuation.resume(returning: output) }
      }
    } onCancel: {
      let reader = state.withLock { state in
        defer { state.reader = nil }
        return state.reader
      }
      reader?.resume(returning: nil)
    }
  }
}

extension ConsoleBuffer.State {
  fileprivate mutating func add(_ output: ConsoleOutput) {
    guard case .bytes(let bytes) = output else { return outputs.append(output) }
    byteCount += bytes.count
    if case .bytes(let before)? = outputs.last {
      outputs[outputs.count - 1] = .bytes(before + bytes)
    } else {
      outputs.append(output)
    }
    guard byteCount > ConsoleBuffer.mostBytes else { return }
    while byteCount > ConsoleBuffer.mostBytes, let first = outputs.first {
      outputs.removeFirst()
      guard case .bytes(let oldest) = first else { continue }
      byteCount -= oldest.count
      // A quarter stays free, or every further character would be a loss of its own.
      let rest = oldest.suffix(max(0, ConsoleBuffer.mostBytes * 3 / 4 - byteCount))
      byteCount += rest.count
      if !rest.isEmpty { outputs.insert(.bytes(Array(rest)), at: 0) }
    }
    outputs.insert(.lost, at: 0)
  }

  fileprivate mutating func removeFirst() -> ConsoleOutput? {
    guard let first = outputs.first else { return nil }
    outputs.removeFirst()
    if case .bytes(let bytes) = first { byteCount -= bytes.count }
    return first
  }
}
