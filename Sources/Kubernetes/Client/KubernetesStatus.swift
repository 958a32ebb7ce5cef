/// The API server's answer to what it refused, or did without a word to say of it (Kubernetes `Status`, meta/v1).
struct KubernetesStatus: Decodable, Sendable {
  struct Cause: Decodable, Hashable, Sendable {
    /// `FieldValueInvalid`
    var reason: String?
    var message: String?
    /// `spec.kernel.url`
    var field: String?
  }

  struct Details: Decodable, Sendable {
    var name: String?
    var uid: String?
    var causes: [Cause]?
    var retryAfterSeconds: Int?
  }

  struct ListMeta: Decodable, Sendable {
    var resourceVersion: String?
  }

  var kind: String?
  /// `AlreadyExists`, `Conflict`, `Expired`, …
  var reason: String?
  var message: String?
  var code: UInt?
  var details: Details?
  var metadata: ListMeta?
}
