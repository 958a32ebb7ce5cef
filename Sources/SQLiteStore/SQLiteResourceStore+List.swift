public import BareMetal
import FoundationEssentials
import GRDB

extension SQLiteResourceStore {
  /// Objects read, or kept, at a time: between them whoever waits for the file or for a thread has a turn, a machine that
  /// boots while ten thousand Servers are read among them.
  private static let portion = 128

  /// An object of a list: as it is known, or as it is in the file.
  private enum Listed<Kind: ResourceKind>: Sendable {
    case known(Resource<Kind>)
    case unread(key: String, ResourceDocument)
  }

  public func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    let (listed, version) = try await file.read { database in
      (try self.listed(kind, in: database), try self.latestVersion(in: database))
    }
    let portions = stride(from: 0, to: listed.count, by: Self.portion).map {
      listed[$0..<min($0 + Self.portion, listed.count)]
    }
    let read = await inParallel(portions) { await self.read($0, asOf: version) }
    var items: [Resource<Kind>] = []
    items.reserveCapacity(listed.count)
    for portion in read { items += try portion.get() }
    return ResourceList(items: items, resourceVersion: String(version))
  }

  /// Only what is not known is read: of ten thousand Servers that is 40 MB of JSON.
  private func listed<Kind: ResourceKind>(_ kind: Kind.Type, in database: Database) throws -> [Listed<Kind>] {
    let document = try database.cachedStatement(
      sql: "SELECT version, json FROM resources WHERE kind = ? AND name = ?")
    let rows = try Row.fetchCursor(
      database, sql: "SELECT name, version FROM resources WHERE kind = ? ORDER BY name", arguments: [Kind.kind])
    var listed: [Listed<Kind>] = []
    while let row = try rows.next() {
      let key = try row.decode(String.self, atIndex: 0)
      if let known = known(kind, key, version: try row.decode(Int64.self, atIndex: 1)) {
        listed.append(.known(known))
      } else if let found = try ResourceDocument.fetchOne(document, arguments: [Kind.kind, key]) {
        listed.append(.unread(key: key, found))
      }
    }
    return listed
  }

  /// Reads what is not known, and keeps it, where it is still so and there is room: who asks for it next need not read it.
  private func read<Kind: ResourceKind>(
    _ listed: ArraySlice<Listed<Kind>>, asOf version: Int64
  ) async -> Result<[Resource<Kind>], StoreError> {
    do throws(StoreError) {
      let decoder = JSONDecoder()
      var (items, new): ([Resource<Kind>], [Resource<Kind>]) = ([], [])
      for one in listed {
        switch one {
        case .known(let resource): items.append(resource)
        case .unread(let key, let document):
          // Somebody else may have read it meanwhile.
          if let version = document.version, let known = known(Kind.self, key, version: version) {
            items.append(known)
            continue
          }
          let resource = try document.resource(Kind.self, path: file.path, by: decoder)
          items.append(resource)
          new.append(resource)
        }
      }
      try await keep(new, asOf: version)
      return .success(items)
    } catch {
      return .failure(error)
    }
  }

  private func known<Kind: ResourceKind>(_ kind: Kind.Type, _ key: String, version: Int64) -> Resource<Kind>? {
    guard let known = written.resource(kind, key), known.metadata.resourceVersion == String(version) else { return nil }
    return known
  }

  private func keep<Kind: ResourceKind>(
    _ resources: [Resource<Kind>], asOf version: Int64
  ) async throws(StoreError) {
    guard !resources.isEmpty, written.hasRoom else { return }
    try await file.read { database in
      let isUnchanged = try self.latestVersion(in: database) == version
      for resource in resources where written.hasRoom {
        let isCurrent = try isUnchanged || self.isCurrent(resource, in: database)
        if isCurrent { written.keep(resource) }
      }
    }
  }

  /// Whether the object is still as it was read.
  func isCurrent<Kind: ResourceKind>(_ resource: Resource<Kind>, in database: Database) throws -> Bool {
    let version = try Int64.fetchOne(
      database, sql: "SELECT version FROM resources WHERE kind = ? AND name = ?",
      arguments: [Kind.kind, resource.metadata.key])
    return version.map { String($0) } == resource.metadata.resourceVersion
  }
}
