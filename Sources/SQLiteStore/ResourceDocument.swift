import BareMetal
import FoundationEssentials
import GRDB

/// A resource as the database holds it: JSON as Kubernetes writes it, but for the version, which is a column.
struct ResourceDocument: FetchableRecord, Sendable {
  var version: Int64
  var json: String

  init(row: Row) throws {
    version = try row.decode(Int64.self, forColumn: "version")
    json = try row.decode(String.self, forColumn: "json")
  }

  /// The resource, with its version.
  func resource<Kind: ResourceKind>(_ kind: Kind.Type, path: String) throws(StoreError) -> Resource<Kind> {
    do {
      var resource = try JSONDecoder().decode(Resource<Kind>.self, from: Data(json.utf8))
      resource.metadata.resourceVersion = String(version)
      return resource
    } catch {
      throw .unavailable(message: "\(path): a \(Kind.kind) (version \(version)) cannot be read: \(error)")
    }
  }

  /// The resource's JSON, keys sorted.
  static func json<Kind: ResourceKind>(_ resource: Resource<Kind>, maximumBytes: Int) throws(StoreError) -> String {
    var resource = resource
    resource.metadata.resourceVersion = nil
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let name = resource.metadata.name
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
