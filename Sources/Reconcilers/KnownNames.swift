import Synchronization

/// The names of the objects a source has seen, so that those that went while nobody looked are noticed.
final class KnownNames: Sendable {
  private let names = Mutex<Set<String>>([])

  func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
  func remove(_ name: String) { names.withLock { _ = $0.remove(name) } }

  /// - Returns: those that are no more.
  func replace(with new: Set<String>) -> Set<String> {
    names.withLock { names in
      defer { names = new }
      return names.subtracting(new)
    }
  }
}
