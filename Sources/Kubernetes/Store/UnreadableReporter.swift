import BareMetal
import CoreMetrics
import Logging
import Synchronization

/// Tells people of objects that somebody edited into something that cannot be read: an Event, a line in the log, a
/// counter. Each thing that is wrong with an object once.
final class UnreadableReporter: Sendable {
  /// What was told of; above it all is forgotten, and told of again.
  private static let capacity = 1024

  private struct Told: Hashable {
    var kind: String
    var key: String
    var uid: String?
    var problem: String
  }

  private let events: any EventRecorder
  private let logger: Logger
  private let told = Mutex<Set<Told>>([])
  private let count = Counter(label: "siderite_kubernetes_unreadable_objects_total")

  init(events: any EventRecorder, logger: Logger) {
    self.events = events
    self.logger = logger
  }

  func report<Kind: ResourceKind>(_ object: Unreadable, of kind: Kind.Type) {
    let isNew = told.withLock { told in
      if told.count >= Self.capacity { told = [] }
      return told.insert(Told(kind: Kind.kind, key: object.key, uid: object.uid, problem: object.problem)).inserted
    }
    guard isNew else { return }
    count.increment()
    logger.warning(
      "An object of the cluster cannot be read",
      metadata: ["kind": "\(Kind.kind)", "name": "\(PlainText.line(object.key))", "error": "\(object.problem)"])
    events.record(
      ObjectEvent(
        .warning, reason: ObjectEvent.Reason.unreadable,
        message: "It cannot be read, and is treated as it was before: \(object.problem)",
        component: ObjectEvent.Component.serverController,
        subject: ObjectEvent.Subject(
          apiVersion: Kind.apiVersion, kind: Kind.kind, namespace: object.namespace, name: object.name,
          uid: object.uid)))
  }

  /// An object that can be read: again, where it bears the mark of one that could not.
  func see<Kind: ResourceKind>(_ object: Resource<Kind>) {
    guard let status = object.status as? any ConditionedStatus, status.isMarkedUnreadable else { return }
    let key = object.metadata.key
    told.withLock { told in told = told.filter { $0.kind != Kind.kind || $0.key != key } }
    events.record(
      ObjectEvent(
        .normal, reason: ObjectEvent.Reason.readable, message: "It can be read again",
        component: ObjectEvent.Component.serverController, of: object))
  }
}
