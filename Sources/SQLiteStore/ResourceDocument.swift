import BareMetal
import FoundationEssentials
import GRDB
import Glibc

/// A resource as the database holds it: JSON as Kubernetes writes it, but for the version, which is a column.
struct ResourceDocument: FetchableRecord, Sendable {
  /// `nil`: it stands in the JSON, as another store's does.
  var version: Int64?
  var json: Data

  init(row: Row) throws {
    version = try row.decode(Int64.self, forColumn: "version")
    json = try row.decode(Data.self, forColumn: "json")
  }

  /// Of another store.
  init(json: Data) { self.json = json }

  /// The resource, with its version.
  func resource<Kind: ResourceKind>(
    _ kind: Kind.Type, path: String, by decoder: JSONDecoder = JSONDecoder()
  ) throws(StoreError) -> Resource<Kind> {
    do {
      var resource = try decoder.decode(Resource<Kind>.self, from: json)
      if let version { resource.metadata.resourceVersion = String(version) }
      return resource
    } catch {
      throw .unavailable(message: "\(path): a \(Kind.kind) (version \(version ?? 0)) cannot be read: \(error)")
    }
  }

  /// All of them, in their order; many on every processor there is: ten thousand Servers are 40 MB of JSON.
  static func resources<Kind: ResourceKind>(
    _ documents: [ResourceDocument], _ kind: Kind.Type, path: String
  ) async throws(StoreError) -> [Resource<Kind>] {
    let slices = documents.count < 2 * smallestSlice ? 1 : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let size = max(1, (documents.count + slices - 1) / slices)
    let results = await withTaskGroup(of: (Int, Result<[Resource<Kind>], StoreError>).self) { group in
      for start in stride(from: 0, to: documents.count, by: size) {
        group.addTask {
          let slice = documents[start..<min(start + size, documents.count)]
          return (start, Result { () throws(StoreError) in try Self.resources(slice, kind, path: path) })
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var resources: [Resource<Kind>] = []
    resources.reserveCapacity(documents.count)
    for (_, result) in results.sorted(by: { $0.0 < $1.0 }) { resources += try result.get() }
    return resources
  }

  /// Below it a task of its own costs more than it saves.
  private static let smallestSlice = 64

  private static func resources<Kind: ResourceKind>(
    _ documents: ArraySlice<ResourceDocument>, _ kind: Kind.Type, path: String
  ) throws(StoreError) -> [Resource<Kind>] {
    let decoder = JSONDecoder()
    var resources: [Resource<Kind>] = []
    resources.reserveCapacity(documents.count)
    for document in documents { resources.append(try document.resource(kind, path: path, by: decoder)) }
    return resources
  }

  /// The resource's JSON, keys sorted.
  static func json<Kind: ResourceKind>(_ resource: Resource<Kind>, maximumBytes: Int) throws(StoreError) -> String {
    var resource = resource
    resource.metadata.resourceVersion = nil
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let name = resource.metadata.key
    do {
      let data = try encoder.encode(resource)
      guard data.count <= maximumBytes else {
        throw StoreError.invalid(
          kind: Kind.kind, name: name, message: "it takes \(data.count) bytes, \(maximumBytes) are allowed")
      }
      return String(decoding: data, as: UTF8.self)
    } catch let error as StoreError {
      throw error
    } catch {
      throw .invalid(kind: Kind.kind, name: name, message: "it cannot be written as JSON: \(error)")
    }
  }
}
