import BareMetal
import HTTPTypes
import Hummingbird

/// An error as the Kubernetes API words it (`meta/v1` Status).
struct KubernetesStatus: Encodable {
  struct Metadata: Encodable {}

  struct Details: Encodable { let causes: [Refusal.Cause] }

  let kind = "Status"
  let apiVersion = "v1"
  let metadata = Metadata()
  let status = "Failure"
  let message: String
  let reason: String
  let code: Int
  /// Everything that is wrong, where several things can be.
  let details: Details?

  init(_ refusal: Refusal) {
    message = refusal.reason
    details = refusal.causes.isEmpty ? nil : Details(causes: refusal.causes)
    code = refusal.status.code
    reason =
      switch refusal.status {
      case .notFound: "NotFound"
      case .badRequest: "BadRequest"
      case .conflict: "Conflict"
      case .unprocessableContent: "Invalid"
      case .contentTooLarge: "RequestEntityTooLarge"
      case .unsupportedMediaType: "UnsupportedMediaType"
      case .gone: "Expired"
      case .serviceUnavailable: "ServiceUnavailable"
      case .badGateway: "BadGateway"
      case .notImplemented: "NotImplemented"
      default: "InternalError"
      }
  }

  var response: Response {
    let status = HTTPResponse.Status(code: code)
    return (try? .json(self, status: status)) ?? Response(status: status)
  }
}

/// A list as the Kubernetes API words it.
struct KubernetesList<Kind: ResourceKind>: Encodable {
  struct Metadata: Encodable { var resourceVersion: String? }

  let apiVersion = Kind.apiVersion
  let kind = "\(Kind.kind)List"
  let metadata: Metadata
  let items: [Resource<Kind>]

  init(_ list: ResourceList<Kind>) {
    metadata = Metadata(resourceVersion: list.resourceVersion)
    items = list.items
  }

  /// Of some, that are no state of the store.
  init(_ items: [Resource<Kind>]) {
    metadata = Metadata()
    self.items = items
  }
}

/// A change of an object as the Kubernetes API words it (`meta/v1` WatchEvent), a line each.
struct KubernetesWatchEvent<Object: Encodable>: Encodable {
  /// `ADDED`, `MODIFIED`, `DELETED`, `ERROR`
  let type: String
  let object: Object
}
