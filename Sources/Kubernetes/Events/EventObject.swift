import BareMetal
import Wire

/// An `Event` of the core group.
struct EventObject: Codable, Sendable {
  struct Reference: Codable, Sendable {
    var apiVersion: String
    var kind: String
    var namespace: String?
    var name: String
    var uid: String?
  }

  struct Source: Codable, Sendable {
    var component: String
    var host: String?
  }

  var apiVersion = "v1"
  var kind = "Event"
  var metadata: ObjectMeta
  var involvedObject: Reference
  var reason: String
  var message: String
  var type: String
  var source: Source
  var count: Int
  var firstTimestamp: String
  var lastTimestamp: String

  /// Of a message; the API server refuses more.
  private static let maximumMessageBytes = 1024

  init(_ entry: EventLedger.Entry, host: String) {
    let event = entry.event
    metadata = ObjectMeta(name: entry.name)
    metadata.namespace = Self.namespace(of: event.subject)
    involvedObject = Reference(
      apiVersion: event.subject.apiVersion, kind: event.subject.kind, namespace: event.subject.namespace,
      name: event.subject.name, uid: event.subject.uid)
    reason = event.reason
    var message = event.message
    while message.utf8.count > Self.maximumMessageBytes { message.removeLast() }
    self.message = message
    type = event.severity.rawValue
    source = Source(component: event.component, host: host)
    count = entry.count
    firstTimestamp = entry.first.description
    lastTimestamp = entry.last.description
  }

  /// Those of objects that live in no namespace are in `default`.
  static func namespace(of subject: ObjectEvent.Subject) -> String { subject.namespace ?? "default" }
}
