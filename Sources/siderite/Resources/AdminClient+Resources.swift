import BareMetal
import FoundationEssentials

/// Objects of a kind as the daemon lists them.
struct ResourceCollection<Kind: ResourceKind>: Codable {
  struct Metadata: Codable { var resourceVersion: String? }

  var apiVersion = Kind.apiVersion
  var kind = "\(Kind.kind)List"
  var metadata: Metadata?
  var items: [Resource<Kind>]
}

/// A line of a watch.
struct WatchLine<Kind: ResourceKind>: Decodable {
  enum Change: String, Decodable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
    /// Changes were lost: list again.
    case error = "ERROR"
  }

  var type: Change
  /// `nil` with `ERROR`.
  var object: Resource<Kind>?

  private enum CodingKeys: String, CodingKey { case type, object }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    type = try container.decode(Change.self, forKey: .type)
    object = type == .error ? nil : try container.decode(Resource<Kind>.self, forKey: .object)
  }
}

extension AdminClient {
  /// The object of that name; of Servers and their bindings also by the beginning of a name, or hostname.
  func find<Kind: ShownKind>(_ kind: Kind.Type, _ text: String) async throws -> Resource<Kind> {
    let text = Kind.isNamedAsServers ? text.lowercased() : text
    if let found = try await get(Kind.path(of: text), as: Resource<Kind>.self) { return found }
    if Kind.isNamedAsServers {
      let server = try await send(.get, "/servers/\(pathComponent(text))", as: Server.self)
      if let found = try await get(Kind.path(of: server.metadata.name), as: Resource<Kind>.self) { return found }
    }
    throw Failure(
      description: "\(Kind.names[0]) \(text) not found: 'siderite get \(Kind.plural)' lists them", status: 404)
  }

  /// Those of that names, or all, or those that the selector matches.
  func list<Kind: ShownKind>(
    _ kind: Kind.Type, names: [String] = [], selector: String? = nil
  ) async throws -> ResourceCollection<Kind> {
    guard names.isEmpty else {
      var found: [Resource<Kind>] = []
      for name in names { found.append(try await find(kind, name)) }
      return ResourceCollection(items: found)
    }
    let query = selector.map { "?labelSelector=\(pathComponent($0))" } ?? ""
    return try await send(.get, Kind.path + query, as: ResourceCollection<Kind>.self)
  }

  /// The object of exactly that name, or nothing, with the version of the store.
  func list<Kind: ShownKind>(_ kind: Kind.Type, named name: String) async throws -> ResourceCollection<Kind> {
    let parts = name.split(separator: "/", maxSplits: 1).map { String($0) }
    let query = "?fieldSelector=\(pathComponent("metadata.name=\(parts.last ?? name)"))"
    let path = Kind.path(in: parts.count == 2 ? parts[0] : nil)
    return try await send(.get, path + query, as: ResourceCollection<Kind>.self)
  }

  /// What happens to the objects from that version on, until `body` says that it has seen enough.
  /// - Parameter name: of one object, its key; of all, when `nil`.
  /// - Returns: whether `body` had enough; otherwise changes were lost, and it must be listed again.
  func watch<Kind: ShownKind>(
    _ kind: Kind.Type, name: String? = nil, selector: String? = nil, after version: String?,
    _ body: (WatchLine<Kind>.Change, Resource<Kind>) throws -> Bool
  ) async throws -> Bool {
    var query = "?watch=true"
    if let version { query += "&resourceVersion=\(pathComponent(version))" }
    if let selector { query += "&labelSelector=\(pathComponent(selector))" }
    let parts = (name ?? "").split(separator: "/", maxSplits: 1).map { String($0) }
    if let last = parts.last { query += "&fieldSelector=\(pathComponent("metadata.name=\(last)"))" }
    let lines = try await stream(.get, Kind.path(in: parts.count == 2 ? parts[0] : nil) + query)
    while let line = try await lines.next(WatchLine<Kind>.self) {
      guard let object = line.object else { return false }
      if try body(line.type, object) { return true }
    }
    throw Failure(description: "the daemon ended the watch: it was stopped, or restarts", isUnreachable: true)
  }
}
