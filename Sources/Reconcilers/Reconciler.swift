/// Brings one kind of object, and what it stands for, to where it should be.
///
/// Called with one name at a time (a name is never worked on twice at once), after anything has changed that may matter,
/// and now and then when nothing has. So it reads the latest state, decides, does one thing after the other, and writes
/// down what it did; it never relies on having seen a change, and can be cut short after any step.
public protocol Reconciler: Sendable {
  /// One word for logs and metrics: `server`.
  var name: String { get }

  /// Whose changes matter.
  var sources: [WatchSource] { get }

  /// - Parameter name: a key that one of the ``sources`` made of an object; the object may be gone.
  /// - Throws: when it has to be tried again, after a while.
  func reconcile(_ name: String) async throws -> Requeue
}

/// When to look at an object again that has not changed.
public enum Requeue: Hashable, Sendable {
  /// When something changes.
  case never
  case after(Duration)
}
