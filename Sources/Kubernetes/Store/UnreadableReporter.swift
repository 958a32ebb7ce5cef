import BareMetal
import CoreMetrics
import Logging
import Synchronization

/// Tells people of objects that somebody edited into something that cannot be read: an Event, a line in the log, a
/// counter. Each state of an object once.
final class UnreadableReporter: Sendable {
  /// States of objects that were told of; above it all are forgotten, and told of again.
  private static let capacity = 1024

  private let events: any EventRecorder
  private let logger: Logger
  private let told = Mutex<Set<Unreadable>>([])
  private let count = Counter(label: "siderite_kubernetes_unreadable_objects_total")

  init(events: any EventRecorder, logger: Logger) {
    self.events = events
    self.logger = logger
  }

  func report<Kind: ResourceKind>(_ object: Unreadable, of kind: Kind.Type) {
    let isNew = told.withLock { told in
      if told.count >= Self.capacity { told = [] }
      return told.insert(object).inserted
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
}
