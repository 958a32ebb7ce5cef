import BareMetal
import Synchronization

/// The daemon's life: blown after so many steps, after which nothing it tries has any effect.
final class Fuse: Sendable {
  private let state: Mutex<(steps: Int, limit: Int?)>

  /// - Parameter limit: the step after which it blows; the step itself is carried out.
  init(limit: Int? = nil) { state = Mutex((0, limit)) }

  var steps: Int { state.withLock(\.steps) }
  var isBlown: Bool { state.withLock { $0.steps >= $0.limit ?? .max } }

  /// One step was carried out.
  func burn() { state.withLock { $0.steps += 1 } }
  func limit(to steps: Int) { state.withLock { $0.limit = steps } }
}
