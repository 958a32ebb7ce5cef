import BareMetal

/// Writes a kind's CustomResourceDefinition (`apiextensions.k8s.io/v1`).
struct CustomResourceDefinition {
  let definition: Definition
  let writer: SchemaWriter

  /// Where the API server asks for conversions before a daemon has said where it is. Nothing answers there, by design
  /// (RFC 6761 §6.4): objects are not to be stored unconverted.
  static let placeholderURL = "https://siderite.invalid:9443/convert"

  private var kind: any ManifestKind.Type { definition.kind }
  private var group: Substring { kind.apiVersion.prefix { $0 != "/" } }

  /// `servers.metal.sidero.dev`
  var name: String { "\(kind.plural).\(group)" }

  /// `metal.sidero.dev_servers.yaml`
  var fileName: String { "\(group)_\(kind.plural).yaml" }

  func yaml() throws -> String {
    "# Generated from the Swift types by tools/crds: change those, not this.\n"
      + ConfigNode.yaml([ConfigNode(try document())])
  }

  func document() throws -> JSONValue {
    var labels: [String: JSONValue] = [
      "app": .string("sidero"),
      "cluster.x-k8s.io/provider": .string("sidero"),
      // Cluster API: which version of these kinds keeps which of its contracts.
      "cluster.x-k8s.io/v1alpha3": .string("v1alpha3"),
      "cluster.x-k8s.io/v1alpha4": .string("v1alpha3"),
      "cluster.x-k8s.io/v1beta1": .string("v1alpha3"),
    ]
    if definition.movesAlong { labels[ObjectMeta.moveLabel] = .string("") }
    let singular = kind.kind.lowercased()
    var names: [String: JSONValue] = [
      "kind": .string(kind.kind), "listKind": .string("\(kind.kind)List"), "plural": .string(kind.plural),
      "singular": .string(singular), "categories": .array(definition.categories.map { .string($0) }),
    ]
    if !definition.shortNames.isEmpty { names["shortNames"] = .array(definition.shortNames.map { .string($0) }) }
    var spec: [String: JSONValue] = [
      "group": .string(String(group)), "names": .object(names),
      "scope": .string(kind.isNamespaced ? "Namespaced" : "Cluster"),
      "versions": .array(try (kind.olderVersions.sorted() + [kind.apiVersion]).map { try version($0) }),
    ]
    if !kind.olderVersions.isEmpty { spec["conversion"] = Self.conversion }
    return .object([
      "apiVersion": .string("apiextensions.k8s.io/v1"), "kind": .string("CustomResourceDefinition"),
      "metadata": .object(["name": .string(name), "labels": .object(labels)]), "spec": .object(spec),
    ])
  }

  private static let conversion = JSONValue.object([
    "strategy": .string("Webhook"),
    "webhook": .object([
      "conversionReviewVersions": .array([.string("v1")]), "clientConfig": .object(["url": .string(placeholderURL)]),
    ]),
  ])

  private func version(_ apiVersion: String) throws -> JSONValue {
    let isToday = apiVersion == kind.apiVersion
    let columns = isToday ? definition.columns : definition.olderColumns ?? definition.columns
    var version: [String: JSONValue] = [
      "name": .string(String(apiVersion.drop { $0 != "/" }.dropFirst())), "served": .bool(true),
      "storage": .bool(isToday),
      "schema": .object([
        "openAPIV3Schema": writer.schema(
          kind: kind.kind, spec: try ShapeReader.shape(of: kind.specType(of: apiVersion)),
          status: try ShapeReader.shape(of: kind.statusType(of: apiVersion)))
      ]),
      "subresources": .object(["status": .object([:])]),
    ]
    if !columns.isEmpty { version["additionalPrinterColumns"] = .array(columns.map(\.document)) }
    return .object(version)
  }
}

extension Definition.Column {
  var document: JSONValue {
    var fields: [String: JSONValue] = [
      "name": .string(name), "type": .string(type), "jsonPath": .string(path), "description": .string(description),
    ]
    if isWide { fields["priority"] = .integer(1) }
    return .object(fields)
  }
}
