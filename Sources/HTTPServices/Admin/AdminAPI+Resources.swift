import BareMetal
import HTTPTypes
import Hummingbird
import ServiceLifecycle

extension AdminAPI {
  /// Lists, shows, watches and changes a kind as the Kubernetes API does.
  func addResources<Kind: ManifestKind>(_ kind: Kind.Type, to router: Router<PeerContext>) {
    let path = "apis/\(Kind.apiVersion)/\(Kind.plural)"
    router.get("\(path)") { request, _ in try await list(kind, request) }
    router.get("\(path)/:name") { _, context in
      try Response.json(try await editor.existing(kind, named: try name(context)))
    }
    router.post("\(path)") { request, _ in
      var request = request
      let options = try ResourceOptions(request)
      let object: JSONValue = try await request.json(limit: Limits.object)
      return try Response.json(try await editor.create(kind, object, options), status: .created)
    }
    router.put("\(path)/:name") { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let object: JSONValue = try await request.json(limit: Limits.object)
      return try Response.json(try await editor.replace(kind, named: try name(context), by: object, options))
    }
    router.patch("\(path)/:name") { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let patch = try await ResourcePatch(&request, limit: Limits.object)
      return try Response.json(try await editor.patch(kind, named: try name(context), patch, options))
    }
    router.delete("\(path)/:name") { request, context in
      var request = request
      let options = try ResourceOptions(request)
      let deletion = try await request.deletion(limit: Limits.setting)
      return try Response.json(try await editor.delete(kind, named: try name(context), deletion, options))
    }
  }

  private func name(_ context: PeerContext) throws -> String {
    PlainText.line(try context.parameters.require("name"))
  }

  private func list<Kind: ManifestKind>(_ kind: Kind.Type, _ request: Request) async throws -> Response {
    let filter = try ResourceFilter(request)
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
