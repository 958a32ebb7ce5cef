import BareMetal
import Testing

@testable import crd_generator

/// The kinds, each in each of its versions.
private let versions: [(kind: any ManifestKind.Type, version: String)] = Definition.all.flatMap { definition in
  (definition.kind.olderVersions + [definition.kind.apiVersion]).map { (definition.kind, $0) }
}

@Suite("Definitions out of the types")
struct DefinitionTests {
  @Test("Every kind that people write manifests of has a definition")
  func everyKind() {
    #expect(Set(Definition.all.map { $0.kind.plural }) == Set(Manifest.kinds.map { $0.plural }))
  }

  @Test(
    "An object with every field of the schema is read and written back without losing any",
    arguments: Manifest.kinds.indices)
  func everyField(index: Int) throws {
    func check<Kind: ManifestKind>(_ kind: Kind.Type) throws {
      let example = try Kind.example(of: Kind.apiVersion, named: "one")
      let trace = ManifestTrace()
      let resource = try #require(trace.value(Resource<Kind>.self, from: example, at: ""), "\(trace.problems)")
      #expect(trace.problems.isEmpty)
      #expect(trace.unknownFields.isEmpty)
      #expect(JSONValue(encoding: resource) == example)
    }
    try check(Manifest.kinds[index])
  }

  @Test("Schemas are structural: every part says its type, or that it is free", arguments: versions.indices)
  func structural(index: Int) throws {
    let (kind, version) = versions[index]
    let schema = SchemaWriter(docs: DocComments()).schema(
      kind: kind.kind, spec: try ShapeReader.shape(of: kind.specType(of: version)),
      status: try ShapeReader.shape(of: kind.statusType(of: version)))
    func check(_ schema: JSONValue, _ path: String) {
      let fields = schema.fields
      let isFree =
        fields["x-kubernetes-preserve-unknown-fields"] == .bool(true)
        || fields["x-kubernetes-int-or-string"] == .bool(true)
      #expect(isFree != (fields["type"] != nil), "\(path)")
      for (name, property) in fields["properties"]?.fields ?? [:] { check(property, "\(path).\(name)") }
      for part in ["items", "additionalProperties"] {
        if let element = fields[part] { check(element, "\(path).\(part)") }
      }
      for name in (fields["required"].flatMap(Self.texts) ?? []) {
        #expect(fields["properties"]?.fields[name] != nil, "\(path).\(name)")
      }
    }
    check(schema, kind.kind)
  }

  private static func texts(_ value: JSONValue) -> [String]? {
    guard case .array(let elements) = value else { return nil }
    return elements.compactMap(\.text)
  }

  @Test("What Siderite adds to Sidero's types is in the schemas")
  func additions() throws {
    func properties(_ kind: any ManifestKind.Type) throws -> [String: JSONValue] {
      let writer = SchemaWriter(docs: DocComments())
      let schema = writer.schema(
        kind: "", spec: try ShapeReader.shape(of: kind.specType(of: kind.apiVersion)),
        status: try ShapeReader.shape(of: kind.statusType(of: kind.apiVersion)))
      return schema.fields["properties"]?.fields["spec"]?.fields["properties"]?.fields ?? [:]
    }
    let server = try properties(ServerKind.self)
    let policy = try #require(server["wipePolicy"]?.fields["properties"]?.fields)
    #expect(policy["scope"]?.fields["enum"] == .array([.string("all"), .string("systemDisk")]))
    #expect(server["accepted"]?.fields["default"] == .bool(false))
    let patch = server["configPatches"]?.fields["items"]?.fields
    #expect(patch?["required"] == .array([.string("op"), .string("path")]))
    #expect(patch?["properties"]?.fields["value"]?.fields["x-kubernetes-preserve-unknown-fields"] == .bool(true))
    let hardware = try properties(ServerClassKind.self)["qualifiers"]?.fields["properties"]?.fields["hardware"]
    let memory = hardware?.fields["items"]?.fields["properties"]?.fields["memory"]?.fields["properties"]
    #expect(memory?.fields["totalSize"]?.fields["x-kubernetes-int-or-string"] == .bool(true))
  }

  @Test("Older versions have the fields that they had")
  func olderVersions() throws {
    let server = try ShapeReader.shape(of: ServerKind.specType(of: "metal.sidero.dev/v1alpha1"))
    guard case .object(let fields, _) = server else { Issue.record("\(server)"); return }
    #expect(fields.map(\.name).contains("cpu"))
    #expect(!fields.map(\.name).contains("hardware"))
  }
}

@Suite("Doc comments of the sources")
struct DocCommentTests {
  private let docs = DocComments(sources: [
    """
    /// A machine.
    public typealias Machine = Resource<MachineKind>

    /// What is wanted of it:
    /// the ``Disk``s and `more`.
    ///
    /// - one
    public struct MachineSpec: Codable {
      /// Its name.
      public var name: String?
      public var silent: Int
      /// Not a field { of it.
      public init() {
        /// Nothing.
        var local = 1
      }
      /// How.
      public enum Mode: String {
        /// Quick.
        case fast, quick
      }
      /// Which.
      @FalseWhenAbsent public var `operator`: Bool
    }

    extension Outer {
      /// Inside.
      struct Inner {
        /// Deep.
        var field: [String: Int]
      }
    }

    /// See ``MachineSpec``.
    struct Qualifier {
      var name: String?
    }
    """
  ])

  @Test("Types, nested types and what extensions hold are found by their full names")
  func types() {
    #expect(docs.text(ofType: "Machine") == "A machine.")
    #expect(docs.text(ofType: "MachineSpec") == "What is wanted of it: the Disks and more.\n- one")
    #expect(docs.text(ofType: "MachineSpec.Mode") == "How.")
    #expect(docs.text(ofType: "Outer.Inner") == "Inside.")
  }

  @Test("Fields and cases are found in their types; what is inside of functions is none")
  func members() {
    #expect(docs.text(of: "name", in: "MachineSpec") == "Its name.")
    #expect(docs.text(of: "silent", in: "MachineSpec") == nil)
    #expect(docs.text(of: "local", in: "MachineSpec") == nil)
    #expect(docs.text(of: "operator", in: "MachineSpec") == "Which.")
    #expect(docs.text(of: "quick", in: "MachineSpec.Mode") == "Quick.")
    #expect(docs.text(of: "field", in: "Outer.Inner") == "Deep.")
  }

  @Test("A type that only points to another takes its fields' texts from there")
  func pointing() {
    #expect(docs.text(of: "name", in: "Qualifier") == "Its name.")
  }
}
