import BareMetal
import Foundation
import HTTPTypes

/// Makes objects of what people write, or says everything that is wrong with it.
struct ManifestReader {
  var ignoresUnknown = false

  /// The kinds that people may write.
  static let kinds: [any ResourceKind.Type] = [
    ServerKind.self, ServerClassKind.self, EnvironmentKind.self, ServerBindingKind.self,
  ]

  /// An object, and what was left out of it.
  struct Reading<Kind: ResourceKind> {
    var object: Resource<Kind>
    var warnings: [String] = []
  }

  /// Which kind a manifest is of.
  static func kind(of manifest: JSONValue) throws(Refusal) -> any ResourceKind.Type {
    guard let apiVersion = manifest.fields["apiVersion"]?.text, let name = manifest.fields["kind"]?.text else {
      throw Refusal(.unprocessableContent, "apiVersion and kind are missing, or no texts")
    }
    for kind in kinds where kind.kind == name && kind.apiVersion == apiVersion { return kind }
    throw Refusal(.unprocessableContent, "there is no kind \(name) in \(apiVersion)")
  }

  /// A manifest in the version that is stored, without what people do not set.
  func manifest<Kind: ResourceKind>(_ kind: Kind.Type, _ value: JSONValue) throws -> (JSONValue, warnings: [String]) {
    var fields = value.fields
    fields["status"] = nil
    return (.object(fields), [])
  }

  func resource<Kind: ResourceKind>(_ kind: Kind.Type, from value: JSONValue) throws -> Reading<Kind> {
    do {
      return Reading(object: try JSONDecoder().decode(Resource<Kind>.self, from: try JSONEncoder().encode(value)))
    } catch let error as DecodingError {
      throw Refusal(.unprocessableContent, error.line(isJSON: true))
    }
  }
}
