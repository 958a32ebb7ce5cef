import BareMetal
import HTTPTypes
import Hummingbird
import ServiceLifecycle

extension AdminAPI {
  /// Lists, shows, watches and changes a kind as the Kubernetes API does.
  func addResources<Kind: ManifestKind>(_ kind: Kind.Type, to router: Router<PeerContext>) {
    let path = RouterPath("apis/\(Kind.apiVersion)/\(Kind.plural)")
    // Of kinds in namespaces all can be listed together, one is found in its own.
    let place = Kind.isNamespaced ? RouterPath("apis/\(Kind.apiVersion)/namespaces/:namespace/\(Kind.plural)") : path
    let one = RouterPath("\(place.description)/:name")
    router.get(path) { request, _ in try await list(kind, request, in: nil) }
    if Kind.isNamespaced {
      router.get(place) { request, context in try await list(kind, request, in: try namespace(context)) }
    }
    router.get(one) { _, context in
      try Response.json(try await editor.existing(kind, named: try key(context, kind)))
    }
    router.post(place) { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let object: JSONValue = try await request.json(limit: Limits.object)
      return try Response.json(
        try await editor.create(kind, object, in: Kind.isNamespaced ? try namespace(context) : nil, options),
        status: .created)
    }
    router.put(one) { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let object: JSONValue = try await request.json(limit: Limits.object)
      return try Response.json(try await editor.replace(kind, named: try key(context, kind), by: object, options))
    }
    router.patch(one) { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let patch = try await ResourcePatch(&request, limit: Limits.object)
      return try Response.json(try await editor.patch(kind, named: try key(context, kind), patch, options))
    }
    router.delete(one) { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let deletion = try await request.deletion(limit: Limits.setting)
      return try Response.json(try await editor.delete(kind, named: try key(context, kind), deletion, options))
    }
  }

  private func namespace(_ context: PeerContext) throws -> String {
    PlainText.line(try context.parameters.require("namespace"))
  }

  /// `name`, or `namespace/name`.
  private func key<Kind: ManifestKind>(_ context: PeerContext, _ kind: Kind.Type) throws -> String {
    let name = PlainText.line(try context.parameters.require("name"))
    return Kind.isNamespaced ? "\(try namespace(context))/\(name)" : name
  }

  private func list<Kind: ManifestKind>(
    _ kind: Kind.Type, _ request: Request, in namespace: String?
  ) async throws -> Response {
    let filter = try ResourceFilter(request, in: namespace)
    let query = request.uri.queryParameters
    guard query["watch"] != "true" else {
      return try await watch(kind, request, filter, after: query["resourceVersion"].map { String($0) })
    }
    var list = try await store.list(kind)
    list.items.removeAll { !filter.matches($0.metadata) }
    return try .json(KubernetesList(list))
  }

  /// A ``KubernetesWatchEvent`` a line. A change after which the filter does not match is told as a deletion, whether
  /// or not it matched before; where changes were lost the last line is an `ERROR`, whose object is the Status 410: list
  /// again.
  private func watch<Kind: ManifestKind>(
    _ kind: Kind.Type, _ request: Request, _ filter: ResourceFilter, after version: String?
  ) async throws -> Response {
    let events = try await store.watch(kind, after: version?.isEmpty == true ? nil : version)
    return stream(request) { write in
      for await event in events.cancelOnGracefulShutdown() {
        switch event {
        case .added(let object):
          guard filter.matches(object.metadata) else { continue }
          try await write(KubernetesWatchEvent(type: "ADDED", object: object))
        case .modified(let object):
          guard filter.matchesName(object.metadata) else { continue }
          let type = filter.matches(object.metadata) ? "MODIFIED" : "DELETED"
          try await write(KubernetesWatchEvent(type: type, object: object))
        case .deleted(let object):
          guard filter.matchesName(object.metadata) else { continue }
          try await write(KubernetesWatchEvent(type: "DELETED", object: object))
        case .reset:
          let status = KubernetesStatus(Refusal(.gone, "changes were lost: list again"))
          try await write(KubernetesWatchEvent(type: "ERROR", object: status))
          return
        }
      }
    }
  }
}
