import BareMetal
import Reconcilers
import Wire

/// The boot journal, and for what happens in Servers' lives the cluster's Events: Sidero's reasons and sources, for people
/// who look at them with `kubectl describe`.
struct ObjectEventSink: BootEventSink {
  let sink: NeighbourSink
  let events: any EventRecorder
  let mirror: MirroredResourceStore

  func report(_ occurrence: BootOccurrence, of subject: BootSubject) {
    sink.report(occurrence, of: subject)
    guard let uuid = subject.uuid, let event = occurrence.event,
      let server = mirror.known(ServerKind.self, named: uuid.description)
    else { return }
    events.record(
      ObjectEvent(
        event.isWarning ? .warning : .normal, reason: event.reason, message: event.message,
        component: Self.component(event.reason), of: server))
  }

  private static func component(_ reason: String) -> String {
    switch reason {
    case ObjectEvent.Reason.serverManagement: ObjectEvent.Component.serverController
    case ObjectEvent.Reason.serverAllocation, ObjectEvent.Reason.serverAssignment: ObjectEvent.Component.provider
    default: ObjectEvent.Component.server
    }
  }
}

extension BootOccurrence {
  /// What is told of a Server; `nil` for what stands in the journal only: an Event is a request, and what an agent says, like
  /// a step (``BootOccurrence/step``), is followed by what comes of it.
  fileprivate var event: (reason: String, message: String, isWarning: Bool)? {
    switch self {
    case .lifecycle("Agent", _, _), .lifecycle(BootOccurrence.step, _, _): nil
    case .lifecycle(let reason, let message, let isWarning): (reason, message, isWarning)
    case .registered(_, created: true): (ObjectEvent.Reason.serverRegistration, "registered", false)
    default: nil
    }
  }
}
