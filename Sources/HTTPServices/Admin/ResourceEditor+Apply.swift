import BareMetal
import Foundation
import HTTPTypes

extension ResourceEditor {
  /// The manifest that was applied last, as `kubectl apply` keeps it: so that what is no longer in it is taken away.
  static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  /// Makes an object as the manifest says.
  func apply<Kind: ResourceKind>(
    _ kind: Kind.Type, _ manifest: JSONValue, _ options: ResourceOptions
  ) async throws -> AppliedObject {
    let reader = ManifestReader(ignoresUnknown: options.ignoresUnknown)
    let (manifest, warnings) = try reader.manifest(kind, manifest)
    guard let name = manifest.fields["metadata"]?.fields["name"]?.text, !name.isEmpty else {
      throw Refusal(
        .unprocessableContent, "metadata.name is missing",
        causes: [Refusal.Cause(field: "metadata.name", message: "missing")])
    }
    let outcome = try await again { () async throws -> AppliedObject.Outcome in
      guard let old = try await store.get(kind, named: name) else {
        let new = try manifest.merging(Self.note(of: manifest))
        _ = try await create(kind, new, options)
        return .created
      }
      let before = try old.json()
      let last = old.metadata.annotations?[Self.lastApplied].flatMap {
        try? JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))
      }
      // What it would be without the note first: manifests that change nothing leave no trace.
      let after = before.applying(manifest, last: last)
      if last != nil, before.mergePatch(to: after) == .object([:]), last == manifest { return .unchanged }
      let noted = try after.merging(Self.note(of: manifest))
      let new = try reader.resource(kind, from: noted).object
      let stored = try await replace(old, by: new, options)
      return stored.spec == old.spec && before.mergePatch(to: after) == .object([:]) ? .unchanged : .configured
    }
    return AppliedObject(
      index: 0, kind: Kind.kind, name: name, outcome: outcome, warnings: warnings.isEmpty ? nil : warnings)
  }

  private static func note(of manifest: JSONValue) throws -> JSONValue {
    let text = String(decoding: try JSONEncoder.plain.encode(manifest), as: UTF8.self)
    return .object(["metadata": .object(["annotations": .object([lastApplied: .string(text)])])])
  }
}
