import BareMetal
import FoundationEssentials
import GRDB

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

  /// The resource's JSON, keys sorted.
  static func json<Kind: ResourceKind>(_ resource: Resource<Kind>, maximumBytes: Int) throws(StoreError) -> String {
    var resource = resource
    resource.metadata.resourceVersion = nil
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let name = resource.metadata.key
    do {
      let json: String
      if resource.status.isExactInJSON {
        // A class's, with the names of thousands: the encoder takes three times as long for those.
        let status = JSONValue(encoding: resource.status).jsonText
        json =
          String(decoding: try encoder.encode(WithoutStatus(resource)), as: UTF8.self).dropLast()
          + ",\"status\":\(status)}"
      } else {
        json = String(decoding: try encoder.encode(resource), as: UTF8.self)
      }
      guard json.utf8.count <= maximumBytes else {
        throw StoreError.invalid(
          kind: Kind.kind, name: name, message: "it takes \(json.utf8.count) bytes, \(maximumBytes) are allowed")
      }
      return json
    } catch let error as StoreError {
      throw error
    } catch {
      throw .invalid(kind: Kind.kind, name: name, message: "it cannot be written as JSON: \(error)")
    }
  }
}

/// All of a resource but its status, which would come last.
private struct WithoutStatus<Kind: ResourceKind>: Encodable {
  let apiVersion = Kind.apiVersion
  let kind = Kind.kind
  let metadata: ObjectMeta
  let spec: Kind.Spec

  init(_ resource: Resource<Kind>) {
    metadata = resource.metadata
    spec = resource.spec
  }
}
