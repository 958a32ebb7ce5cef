import ArgumentParser
import BareMetal
import Testing

@testable import siderite

@Suite("Manifests on the command line")
struct ManifestFileTests {
  private func value(_ yaml: String) throws -> JSONValue? { try YAMLReader.documents(yaml).first?.value }

  @Test(
    "Scalars are what YAML 1.2 says",
    arguments: [
      ("true", .bool(true)), ("yes", .string("yes")), ("on", .string("on")), ("'1'", .string("1")),
      ("!!str 1", .string("1")),
      ("12", .integer(12)), ("-3", .integer(-3)), ("0x1f", .integer(31)), ("0o17", .integer(15)), ("1.5", .number(1.5)),
      ("1_000", .string("1_000")), ("2026-01-01", .string("2026-01-01")), ("1:30", .string("1:30")),
      ("52:54:00:12:34:56", .string("52:54:00:12:34:56")), ("\"\"", .string("")),
    ] as [(String, JSONValue)])
  func scalars(_ text: String, _ expected: JSONValue) throws {
    #expect(try value("a: \(text)") == .object(["a": expected]))
  }

  @Test(
    "What is no YAML of ours is refused with its line",
    arguments: [
      ("a: 1\nb: 2\na: 3", "is there twice"), ("a: [", "not YAML"), ("a: &x 1\nb:\n  <<: *x", "merge keys"),
      ("? [a]\n: 1", "a key is a text"),
    ])
  func refused(_ text: String, _ message: String) {
    let problem = #expect(throws: YAMLProblem.self) { try YAMLReader.documents(text) }
    #expect(problem?.message.contains(message) == true)
    #expect(problem?.line != nil)
  }

  @Test("Aliases that stand for more than memory holds are refused")
  func aliases() {
    let levels = (1...9).map { level in
      "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]"
    }
    #expect(throws: YAMLProblem.self) { try YAMLReader.documents("a0: &a0 x\n" + levels.joined(separator: "\n")) }
  }

  @Test("A cause of the daemon's is told by file, line, document and field")
  func causes() {
    let files = ManifestFiles(
      text: "kind: Server\n---\nkind: Server\nspec:\n  bmc:\n    port: 0\n", file: "rack.yaml")
    #expect(files.documents.count == 2)
    let problems = files.problems(of: [
      KubernetesStatus.Cause(field: "objects[1].spec.bmc.port", message: "bad"),
      KubernetesStatus.Cause(field: "objects[1].spec.bmc.endpoint", message: "is missing"),
    ])
    #expect(
      problems.map(\.description) == [
        "rack.yaml:6: document 2: spec.bmc.port: bad", "rack.yaml:6: document 2: spec.bmc.endpoint: is missing",
      ])
  }

  @Test("A list is what is in it")
  func list() {
    let files = ManifestFiles(
      text: "kind: ServerList\nitems:\n- kind: Server\n  metadata: {name: a}\n- kind: Server\n", file: "f")
    #expect(files.documents.map(\.subject) == ["Server/a", "Server/?"])
    #expect(files.documents[0].problem(at: "metadata.name", "x").line == 4)
  }

  @Test("A file that is not there is told, and others are read", arguments: ["/nonexistent/x.yaml"])
  func missing(_ path: String) {
    let files = ManifestFiles([path])
    #expect(files.isUnreadable)
    #expect(files.problems.map(\.message) == ["there is no such file or folder"])
  }

  @Test("A draft carries over what others changed, and tells what both did")
  func rebase() throws {
    var server = Server(metadata: ObjectMeta(name: "a", labels: ["rack": "1"]), spec: ServerSpec(hostname: "r1"))
    server.metadata.resourceVersion = "1"
    var draft = ResourceDraft(server)
    draft.edited = draft.edited.merging(.object(["spec": .object(["hostname": .string("mine")])]))
    var live = server
    live.metadata.resourceVersion = "2"
    live.metadata.labels = ["rack": "2"]
    #expect(draft.rebase(onto: live) == [])
    #expect(draft.version == "2")
    #expect(draft.edited.fields["metadata"]?.fields["labels"]?.fields["rack"] == .string("2"))
    live.metadata.resourceVersion = "3"
    live.spec.hostname = "theirs"
    #expect(draft.rebase(onto: live) == ["spec.hostname"])
    #expect(try draft.text.contains("# spec.hostname was changed by somebody else"))
  }

  @Test(
    "What can be said",
    arguments: [
      "get servers", "get server a b -o yaml", "get server/a env/b", "get sc,env", "get servers -w -l rack=3",
      "apply -f a -f - --dry-run", "delete sb/a --yes", "delete -f x", "edit server a", "patch server a -p {}",
      "accept a b", "accept --all --yes --wait", "accept a --undo --force", "wipe a --mode full --yes", "cordon a",
      "allocate --class c --config f --count 3", "allocate --server s --config f --wait --timeout 2h",
      "allocate --class c --dry-run", "release a --yes --wait", "installed a", "render server a --part config",
    ])
  func good(_ arguments: String) {
    #expect(throws: Never.self) { try Siderite.parseAsRoot(arguments.split(separator: " ").map { String($0) }) }
  }

  @Test(
    "What cannot",
    arguments: [
      "get", "get cows", "get server/", "get server/a b", "get servers a -l x", "get sc,env -w", "apply",
      "delete server",
      "delete", "edit server", "patch server a", "accept", "accept a --all", "accept a --force", "wipe",
      "allocate --class c", "allocate --class c --server s --config f", "allocate --server s --count 2 --config f",
      "release", "installed", "render env a", "allocate --class c --config f --timeout soon",
    ])
  func bad(_ arguments: String) {
    #expect(throws: (any Error).self) { try Siderite.parseAsRoot(arguments.split(separator: " ").map { String($0) }) }
  }
}
