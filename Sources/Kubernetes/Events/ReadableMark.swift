import BareMetal
import Wire

/// The condition ``Condition/readable`` of an object that somebody edited into something that cannot be read, or that has
/// been put right since.
///
/// It is written into the object as it stands, which nobody here can read: a patch of its conditions alone.
struct ReadableMark {
  /// Attempts at what somebody else changes in between.
  private static let attempts = 3

  private let path: ResourcePath
  private let uid: String?
  /// What cannot be read; `nil` where all can.
  private let problem: String?

  /// - Returns: `nil` for what says nothing of that, and for kinds without conditions.
  init?(_ event: ObjectEvent) {
    switch event.reason {
    case ObjectEvent.Reason.unreadable: problem = event.message
    case ObjectEvent.Reason.readable: problem = nil
    default: return nil
    }
    let kinds = Manifest.kinds.filter { $0.kind == event.subject.kind && $0.apiVersion == event.subject.apiVersion }
    guard let kind = kinds.first, kind.hasConditions else { return nil }
    path = ResourcePath(
      apiVersion: event.subject.apiVersion, plural: kind.plural, namespace: event.subject.namespace,
      name: event.subject.name)
    uid = event.subject.uid
  }

  /// Reads the object and writes its conditions, where they do not say it already.
  func write(by client: KubernetesClient, at now: Timestamp) async throws(KubernetesError) {
    for attempt in 1...Self.attempts {
      guard let object = try await client.get(path, as: JSONValue.self) else { return }
      let metadata = object.fields["metadata"]?.fields ?? [:]
      guard uid == nil || metadata["uid"]?.text == uid, let version = metadata["resourceVersion"]?.text,
        let conditions = changed(object.fields["status"]?.fields["conditions"], at: now)
      else { return }
      let patch = JSONValue.object(["status": .object(["conditions": conditions])]).onlyIf(version: version)
      do throws(KubernetesError) {
        _ = try await client.patch(path.subresource("status"), .merge(patch), as: SecretObject.Head.self)
        return
      } catch {
        guard error.reason == .conflict, attempt < Self.attempts else { throw error }
      }
    }
  }

  /// The conditions as they are to be; `nil` where they are.
  private func changed(_ stored: JSONValue?, at now: Timestamp) -> JSONValue? {
    var conditions: [JSONValue] = []
    if case .array(let elements)? = stored { conditions = elements }
    let place = conditions.firstIndex { $0.fields["type"]?.text == Condition.readable }
    guard let problem else {
      guard let place else { return nil }
      conditions.remove(at: place)
      return conditions.isEmpty ? .null : .array(conditions)
    }
    var mark = Condition(
      type: Condition.readable, status: .false, severity: "Error", lastTransitionTime: now,
      reason: ObjectEvent.Reason.unreadable, message: problem)
    guard let place else { return .array(conditions + [JSONValue(encoding: mark)]) }
    let old = conditions[place].fields
    guard old["message"]?.text != problem || old["status"]?.text != mark.status.rawValue else { return nil }
    if let since = old["lastTransitionTime"]?.text.flatMap({ Timestamp($0) }) { mark.lastTransitionTime = since }
    conditions[place] = JSONValue(encoding: mark)
    return .array(conditions)
  }
}

extension ResourceKind {
  fileprivate static var hasConditions: Bool { Status.self is any ConditionedStatus.Type }
}
