import BareMetal
import HTTPTypes
import Hummingbird

/// What is asked of a write besides the object, in the query: `dryRun`, `fieldValidation`, `force`, `by`.
struct ResourceOptions: Sendable {
  /// Who asks, for the journal.
  var by: String
  /// `dryRun=All`: everything is looked at, nothing is stored.
  var isDryRun = false
  /// `fieldValidation=Ignore`: fields that nobody knows are left out instead of refused.
  var ignoresUnknown = false
  /// `force=true`: although it is in use.
  var isForced = false

  init(by: String) { self.by = by }

  init(_ request: Request) throws(Refusal) {
    let query = request.uri.queryParameters
    by = AdminAPI.who(query["by"].map { String($0) })
    switch query["dryRun"] {
    case nil, "": break
    case "All": isDryRun = true
    default: throw Refusal(.badRequest, "dryRun is All, or is left out")
    }
    switch query["fieldValidation"] {
    case nil, "", "Strict": break
    case "Ignore": ignoresUnknown = true
    default: throw Refusal(.badRequest, "fieldValidation is Strict or Ignore")
    }
    isForced = query["force"] == "true"
  }
}

/// Which objects of a kind are meant, in the query: `labelSelector`, `fieldSelector=metadata.name=…`.
struct ResourceFilter: Sendable {
  private var selector: LabelSelector?
  private var name: String?
  private var namespace: String?

  init(_ request: Request, in namespace: String? = nil) throws(Refusal) {
    self.namespace = namespace
    let query = request.uri.queryParameters
    if let text = query["labelSelector"], !text.isEmpty {
      do {
        selector = try LabelSelector(text)
      } catch {
        throw Refusal(.badRequest, error.description)
      }
    }
    if let text = query["fieldSelector"], !text.isEmpty {
      let prefix = "metadata.name="
      guard text.hasPrefix(prefix) else {
        throw Refusal(.badRequest, "of fieldSelectors there is only \(prefix)NAME")
      }
      name = String(text.dropFirst(prefix.count))
    }
  }

  func matches(_ metadata: ObjectMeta) -> Bool {
    matchesName(metadata) && (selector?.matches(metadata.labels) ?? true)
  }

  /// Whether it is one whose labels are looked at: they may change.
  func matchesName(_ metadata: ObjectMeta) -> Bool {
    name.map { $0 == metadata.name } ?? true && namespace.map { $0 == metadata.namespace } ?? true
  }
}
