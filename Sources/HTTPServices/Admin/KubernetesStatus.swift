import BareMetal
import HTTPTypes
import Hummingbird

/// An error as the Kubernetes API words it (`meta/v1` Status).
struct KubernetesStatus: Encodable {
  struct Metadata: Encodable {}

  let kind = "Status"
  let apiVersion = "v1"
  let metadata = Metadata()
  let status = "Failure"
  let message: String
  let reason: String
  let code: Int

  init(_ refusal: Refusal) {
    message = refusal.reason
    code = refusal.status.code
    reason =
      switch refusal.status {
      case .notFound: "NotFound"
      case .badRequest: "BadRequest"
      case .conflict: "Conflict"
      case .unprocessableContent: "Invalid"
      case .contentTooLarge: "RequestEntityTooLarge"
      case .serviceUnavailable: "ServiceUnavailable"
      case .badGateway: "BadGateway"
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
  struct Metadata: Encodable { var resourceVersion: String }

  let apiVersion = Kind.apiVersion
  let kind = "\(Kind.kind)List"
  let metadata: Metadata
  let items: [Resource<Kind>]

  init(_ list: ResourceList<Kind>) {
    metadata = Metadata(resourceVersion: list.resourceVersion)
    items = list.items
  }
}
