import BareMetal
import Wire

/// A `Lease` (coordination.k8s.io/v1): who holds what several would have, and how long without a sign of life.
struct LeaseObject: Codable, Hashable, Sendable {
  struct Spec: Codable, Hashable, Sendable {
    var holderIdentity: String?
    var leaseDurationSeconds: Int?
    /// Since when the holder has it.
    var acquireTime: String?
    /// The holder's last sign of life by its own clock: for people. Others count from when they saw it change.
    var renewTime: String?
    /// How often it changed hands.
    var leaseTransitions: Int?
  }

  var apiVersion = "coordination.k8s.io/v1"
  var kind = "Lease"
  var metadata: ObjectMeta
  var spec: Spec?

  /// As Kubernetes writes a `MicroTime`: the API server refuses one without all six digits.
  static func microTime(_ time: Timestamp) -> String {
    let milliseconds = String(time.milliseconds - time.seconds * 1000)
    let padded = String(repeating: "0", count: max(0, 3 - milliseconds.count)) + milliseconds
    return "\(time.description.dropLast()).\(padded)000Z"
  }
}
