import BareMetal
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import HTTPServices

@Suite("Resources by the administration", .timeLimit(.minutes(1)))
struct AdminResourceTests {
  static let servers = "/apis/metal.sidero.dev/v1alpha2/servers"

  private func ask(
    _ rack: ManagedRack, _ method: HTTPRequest.Method, _ path: String, _ body: String = "",
    type: String = "application/json"
  ) async throws -> (status: Int, json: JSONValue) {
    let answer = try await send(
      rack.admin().responder(), method, path, headers: [.contentType: type], body: Array(body.utf8))
    return (answer.status, try JSONValue(parsing: answer.text))
  }

  private func fields(_ json: JSONValue) -> [String] {
    guard case .array(let causes)? = json.fields["details"]?.fields["causes"] else { return [] }
    return causes.compactMap { $0.fields["field"]?.text }
  }

  @Test("Every problem of every object is told, and nothing is applied")
  func everyProblem() async throws {
    let rack = try ManagedRack()
    let order = """
      {"objects":[
      {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Environment","metadata":{"name":"good"},"spec":{}},
      {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server","metadata":{"name":"\(ManagedRack.name(1))"},
       "spec":{"accepted":"yes","pxeMode":"efi","hostnam":"x"}},
      {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Environment","metadata":{"name":"good"},"spec":{}},
      {"kind":"Cow"}]}
      """
    let answer = try await ask(rack, .post, "/apply", order)
    #expect(answer.status == 422)
    #expect(
      fields(answer.json) == [
        "objects[1].spec.accepted", "objects[1].spec.hostnam", "objects[1].spec.pxeMode", "objects[2]",
        "objects[3].kind",
      ])
    #expect(rack.rack.store.count == 0)
  }

  @Test("Status cannot be set, by any patch")
  func status() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let path = "\(Self.servers)/\(ManagedRack.name(1))"
    let merge = try await ask(rack, .patch, path, #"{"status":{"isClean":true}}"#, type: "application/merge-patch+json")
    #expect(merge.status == 422)
    let json = try await ask(
      rack, .patch, path, #"[{"op":"replace","path":"/status/isClean","value":true}]"#,
      type: "application/json-patch+json")
    #expect(json.status == 422)
    #expect(try await rack.server(1)?.status.isClean == false)
  }

  @Test("A patch changes what it says; one that does not apply changes nothing")
  func patches() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let path = "\(Self.servers)/\(ManagedRack.name(1))"
    let type = "application/json-patch+json"
    let test = #"{"op":"test","path":"/spec/hostname","value":"r1"}"#
    let good = try await ask(
      rack, .patch, path, #"[\#(test),{"op":"replace","path":"/spec/hostname","value":"r9"}]"#, type: type)
    #expect(good.status == 200)
    #expect(try await rack.server(1)?.spec.hostname == "r9")
    let bad = try await ask(rack, .patch, path, "[\(test)]", type: type)
    #expect(bad.status == 422)
    #expect(try await ask(rack, .patch, path, "{}", type: "text/plain").status == 415)
    let unknown = try await ask(rack, .patch, path, #"{"spec":{"hostnam":"x"}}"#, type: "application/merge-patch+json")
    #expect(fields(unknown.json) == ["spec.hostnam"])
  }

  @Test("Patches that no machine configuration takes are refused however they come, each with its path and reason")
  func patchesOfConfigurations() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let name = ManagedRack.name(1)
    let spec = #"""
      {"accepted":true,"configPatches":[
        {"op":"replace","path":"/machine/install/disk","value":"/dev/sda"},
        {"op":"add","path":"/machin/install","value":{}},{"op":"set","path":"/machine"}],
       "strategicPatches":["machine: {network: {hostname: a}}","machine: [","machine:\n  x: 1\n  x: 2\n","hello"]}
      """#
    let expected = [
      "spec.configPatches[1]", "spec.configPatches[2].op", "spec.strategicPatches[1]", "spec.strategicPatches[2]",
      "spec.strategicPatches[3]",
    ]
    let header = #""apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server""#
    let new = #"{\#(header),"metadata":{"name":"\#(ManagedRack.name(2))"},"spec":\#(spec)}"#
    let applied = try await ask(rack, .post, "/apply", #"{"objects":[\#(new)]}"#)
    #expect(applied.status == 422 && fields(applied.json) == expected.map { "objects[0].\($0)" })
    #expect(applied.json.jsonText.contains("/machin/install: a v1alpha1 document has only"))
    let made = try await ask(rack, .post, Self.servers, new)
    #expect(made.status == 422 && fields(made.json) == expected)
    let path = "\(Self.servers)/\(name)"
    let patch = #"{"spec":\#(spec)}"#
    let patched = try await ask(rack, .patch, path, patch, type: "application/merge-patch+json")
    #expect(patched.status == 422 && fields(patched.json) == expected)
    let version = try #require(try await rack.server(1)?.metadata.resourceVersion)
    let edited = #"{\#(header),"metadata":{"name":"\#(name)","resourceVersion":"\#(version)"},"spec":\#(spec)}"#
    let replaced = try await ask(rack, .put, path, edited)
    #expect(replaced.status == 422 && fields(replaced.json) == expected)
    let server = try await rack.server(1)
    #expect(server?.spec.configPatches == nil && rack.rack.store.count == 1)
  }

  @Test("What was looked at as a whole is applied as a whole, though the client has left")
  func clientLeaves() async throws {
    let rack = try ManagedRack()
    let objects = (1...3).map {
      #"{"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Environment","metadata":{"name":"e\#($0)"},"spec":{}}"#
    }
    _ = try await send(
      rack.admin().responder(), .post, "/apply", headers: [.contentType: "application/json"],
      body: Array(#"{"objects":[\#(objects.joined(separator: ","))]}"#.utf8), isGone: true)
    #expect(rack.rack.store.count == 3)
  }

  @Test("A replacement says which state it was made from; an old one is a conflict")
  func replace() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let path = "\(Self.servers)/\(ManagedRack.name(1))"
    var server = try #require(try await rack.server(1))
    let old = JSONValue(encoding: server).jsonText
    server.spec.hostname = "r9"
    #expect(try await ask(rack, .put, path, JSONValue(encoding: server).jsonText).status == 200)
    #expect(try await ask(rack, .put, path, old).status == 409)
    server.metadata.resourceVersion = nil
    #expect(try await ask(rack, .put, path, JSONValue(encoding: server).jsonText).status == 422)
    #expect(try await ask(rack, .put, path, String(repeating: "x", count: 3 << 20)).status == 413)
  }

  @Test("A dry run stores nothing, and what is in use is neither deleted nor unaccepted")
  func refusals() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let name = ManagedRack.name(1)
    let patch = #"{"spec":{"hostname":"other"}}"#
    let dry = try await ask(
      rack, .patch, "\(Self.servers)/\(name)?dryRun=All", patch, type: "application/merge-patch+json")
    #expect(dry.json.fields["spec"]?.fields["hostname"] == .string("other"))
    #expect(try await rack.server(1)?.spec.hostname == "r1")
    _ = try await rack.rack.store.create(ServerBinding(metadata: ObjectMeta(name: name), spec: ServerBindingSpec()))
    #expect(try await ask(rack, .delete, "\(Self.servers)/\(name)").status == 409)
    #expect(try await ask(rack, .post, "/servers/\(name)/accept", #"{"accepted":false}"#).status == 409)
    #expect(try await ask(rack, .post, "/servers/\(name)/wipe", "{}").status == 409)
    #expect(try await rack.server(1)?.spec.accepted == true)
  }

  @Test("Acceptance is in the journal, with who said so")
  func acceptance() async throws {
    let rack = try ManagedRack()
    try await rack.add(1, accepted: false)
    let answer = try await ask(rack, .post, "/servers/r1/accept", #"{"by":"lea"}"#)
    #expect(answer.status == 200)
    #expect(try await rack.server(1)?.spec.accepted == true)
    #expect(rack.rack.messages == ["accepted, asked for by lea"])
  }

  @Test("Applied again it is unchanged; what it no longer says is taken away, what others set stays")
  func apply() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    @Sendable func order(_ spec: String) throws -> ApplyOrder {
      ApplyOrder(objects: [
        try JSONValue(
          parsing: """
            {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server",\
            "metadata":{"name":"\(ManagedRack.name(1))"},"spec":\(spec)}
            """)
      ])
    }
    let both = #"{"accepted":true,"cordoned":true}"#
    let outcomes = try await rack.serving {
      var outcomes: [AppliedObject.Outcome] = []
      for spec in [both, both, #"{"accepted":true}"#] {
        for line in try await rack.ask("POST", "/apply", try order(spec)).lines {
          outcomes.append(try JSONDecoder().decode(AppliedObject.self, from: Data(line.utf8)).outcome)
        }
      }
      return outcomes
    }
    #expect(outcomes == [.configured, .unchanged, .configured])
    let server = try #require(try await rack.server(1))
    #expect(server.spec.cordoned == nil)
    #expect(server.spec.bmc?.endpoint == "10.0.0.1" && server.spec.hostname == "r1")
  }

  @Test("What lives in namespaces is made, found, listed and deleted there, as in Kubernetes")
  func namespaces() async throws {
    let rack = try ManagedRack()
    let root = "/apis/infrastructure.cluster.x-k8s.io/v1alpha3"
    func template(_ serverClass: String, namespace: String? = nil) -> String {
      let place = namespace.map { #","namespace":"\#($0)""# } ?? ""
      return """
        {"apiVersion":"infrastructure.cluster.x-k8s.io/v1alpha3","kind":"MetalMachineTemplate",\
        "metadata":{"name":"t"\(place)},"spec":{"template":{"spec":{"serverClassRef":{"name":"\(serverClass)"}}}}}
        """
    }
    let kind = "metalmachinetemplates"
    #expect(try await ask(rack, .post, "\(root)/namespaces/a/\(kind)", template("x")).status == 201)
    #expect(try await ask(rack, .post, "\(root)/namespaces/b/\(kind)", template("y", namespace: "b")).status == 201)
    #expect(try await ask(rack, .post, "\(root)/namespaces/b/\(kind)", template("y", namespace: "a")).status == 400)
    #expect(try await ask(rack, .post, "\(root)/namespaces/a/\(kind)", template("x")).status == 409)
    let found = try await ask(rack, .get, "\(root)/namespaces/b/\(kind)/t")
    #expect(found.json.fields["metadata"]?.fields["namespace"] == .string("b"))
    func count(_ path: String) async throws -> Int? {
      guard case .array(let items)? = try await ask(rack, .get, path).json.fields["items"] else { return nil }
      return items.count
    }
    #expect(try await count("\(root)/\(kind)") == 2)
    #expect(try await count("\(root)/namespaces/a/\(kind)") == 1)
    let patch = #"{"spec":{"template":{"spec":{"serverClassRef":{"name":"z"}}}}}"#
    let change = try await ask(
      rack, .patch, "\(root)/namespaces/a/\(kind)/t", patch, type: "application/merge-patch+json")
    #expect(change.status == 422 && fields(change.json) == ["spec.template.spec"], "a template is not changed")
    // Lines of what was applied: no JSON as a whole.
    _ = try await send(
      rack.admin().responder(), .post, "/apply",
      body: Array(#"{"objects":[\#(template("x", namespace: "a")),\#(template("x"))]}"#.utf8))
    #expect(try await rack.rack.store.get(MetalMachineTemplateKind.self, named: "default/t") != nil)
    #expect(try await ask(rack, .delete, "\(root)/namespaces/a/\(kind)/t").status == 200)
    #expect(try await ask(rack, .get, "\(root)/namespaces/a/\(kind)/t").status == 404)
    #expect(try await count("\(root)/\(kind)") == 2)
  }
}
