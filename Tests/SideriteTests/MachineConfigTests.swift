import BareMetal
import Testing
import Wire

@testable import siderite

@Suite("Machine configurations")
struct MachineConfigTests {
  static let patcher = MachineConfigPatcher(parser: YAMLConfigParser())
  static let name = "4c4c4544-0051-3610-8052-b4c04f4d4631"

  /// What every result has at its end.
  static let label = "node-labels: metal.sidero.dev/uuid=\(name)"

  static func server(_ json: [ConfigPatch] = [], _ strategic: [String] = []) -> Server {
    var server = Server(metadata: ObjectMeta(name: name), spec: ServerSpec(accepted: true))
    server.spec.configPatches = json
    server.spec.strategicPatches = strategic
    return server
  }

  static func serverClass(_ json: [ConfigPatch] = [], _ strategic: [String] = []) -> ServerClass {
    var serverClass = ServerClass(metadata: ObjectMeta(name: "worker"), spec: ServerClassSpec())
    serverClass.spec.configPatches = json
    serverClass.spec.strategicPatches = strategic
    return serverClass
  }

  static func patched(
    _ base: String, _ server: Server = server(), _ serverClass: ServerClass? = nil,
    sideroLink: SideroLinkEndpoint? = nil
  ) throws(MachineConfigError) -> PatchedMachineConfig {
    try patcher.patch(
      MachineConfigInput(base: base, server: server, serverClass: serverClass, sideroLink: sideroLink))
  }

  /// The v1alpha1 document with `machine` as given, indented by two, and the label behind it.
  static func config(_ machine: String) -> String { "version: v1alpha1\nmachine:\n\(machine)" }

  static func error(_ base: String, _ json: [ConfigPatch] = [], _ strategic: [String] = []) -> String? {
    do throws(MachineConfigError) {
      _ = try patched(base, server(json, strategic))
      return nil
    } catch {
      return error.description
    }
  }

  // MARK: Order and precedence

  @Test("Class before Server, JSON before strategic, then the node label, then SideroLink's documents")
  func precedence() throws {
    let base = Self.config("  install:\n    disk: base\n    image: a\n  time:\n    servers: [a]\n")
    let set = { (value: String) in ConfigPatch(op: "replace", path: "/machine/install/disk", value: .string(value)) }
    let test = { (value: String) in ConfigPatch(op: "test", path: "/machine/install/disk", value: .string(value)) }
    let patched = try Self.patched(
      base,
      Self.server(
        [test("class-strategic"), set("server-json")],
        ["machine:\n  install:\n    disk: server-strategic\n  time:\n    servers: [d]\n"]),
      Self.serverClass(
        [test("base"), set("class-json")],
        [
          "machine:\n  install:\n    disk: not-yet\n  time:\n    servers: [b]\n",
          "machine:\n  install:\n    disk: class-strategic\n  time:\n    servers: [c]\n",
        ]),
      sideroLink: SideroLinkEndpoint(api: "10.0.0.1:8081", server: "fd00::1"))
    #expect(
      patched.text == """
        version: v1alpha1
        machine:
          install:
            disk: server-strategic
            image: a
          time:
            servers:
              - a
              - b
              - c
              - d
          kubelet:
            extraArgs:
              \(Self.label)
        ---
        apiVersion: v1alpha1
        kind: SideroLinkConfig
        apiUrl: grpc://10.0.0.1:8081
        ---
        apiVersion: v1alpha1
        kind: EventSinkConfig
        endpoint: "[fd00::1]:4002"
        ---
        apiVersion: v1alpha1
        kind: KmsgLogConfig
        name: remote-log
        url: tcp://[fd00::1]:4001

        """)
    let origins = patched.fields.map { "\($0.document) \($0.path): \($0.origin)" }
    #expect(
      origins == [
        "v1alpha1 /machine/install/disk: Server \(Self.name), strategicPatches[0]",
        "v1alpha1 /machine/time/servers/1: ServerClass worker, strategicPatches[0]",
        "v1alpha1 /machine/time/servers/2: ServerClass worker, strategicPatches[1]",
        "v1alpha1 /machine/time/servers/3: Server \(Self.name), strategicPatches[0]",
        "v1alpha1 /machine/kubelet: the node label", "SideroLinkConfig : SideroLink", "EventSinkConfig : SideroLink",
        "KmsgLogConfig remote-log : SideroLink",
      ])
  }

  @Test(
    "The node label stands beside those that are there, once",
    arguments: [
      ("", "metal.sidero.dev/uuid=\(name)"),
      ("  kubelet: {}\n", "metal.sidero.dev/uuid=\(name)"),
      ("  kubelet:\n    extraArgs:\n", "metal.sidero.dev/uuid=\(name)"),
      ("  kubelet:\n    extraArgs:\n      node-labels: a=b\n", "a=b,metal.sidero.dev/uuid=\(name)"),
      (
        "  kubelet:\n    extraArgs:\n      node-labels: metal.sidero.dev/uuid=\(name),a=b\n",
        "metal.sidero.dev/uuid=\(name),a=b"
      ),
      ("  kubelet:\n    extraArgs:\n      node-labels: \"\"\n", "metal.sidero.dev/uuid=\(name)"),
      (
        "  kubelet:\n    extraArgs:\n      node-labels: [a=b]\n",
        "\n        - a=b\n        - metal.sidero.dev/uuid=\(name)"
      ),
    ] as [(String, String)])
  func nodeLabel(machine: String, labels: String) throws {
    let text = try Self.patched(Self.config("  type: worker\n" + machine)).text
    #expect(text.contains("node-labels:\(labels.hasPrefix("\n") ? "" : " ")\(labels)\n"))
  }

  @Test("SideroLink's documents only where Talos takes several documents, as far as it tells; none when it is off")
  func sideroLinkVersions() throws {
    let endpoint = SideroLinkEndpoint(api: "10.0.0.1:8081")
    for (image, expected) in [
      ("installer:v1.4.8", false), ("installer:v1.5.0", true), ("installer:v1.13.0", true), ("installer", true),
      ("installer:latest", true),
    ] {
      let base = Self.config("  install:\n    image: ghcr.io/siderolabs/\(image)\n")
      #expect(try Self.patched(base, sideroLink: endpoint).text.contains("SideroLinkConfig") == expected, "\(image)")
      #expect(try !Self.patched(base).text.contains("SideroLinkConfig"))
    }
  }

  // MARK: RFC 6902

  @Test(
    "RFC 6902, appendix A, on a mapping inside the configuration",
    arguments: [
      // A.1 to A.10, A.14 to A.16: the part under `machine`, the operation, what comes of it.
      ("foo: bar", ConfigPatch(op: "add", path: "/machine/baz", value: .string("qux")), "foo: bar\nbaz: qux"),
      (
        "foo: [bar, baz]", ConfigPatch(op: "add", path: "/machine/foo/1", value: .string("qux")),
        "foo:\n  - bar\n  - qux\n  - baz"
      ),
      ("baz: qux\nfoo: bar", ConfigPatch(op: "remove", path: "/machine/baz"), "foo: bar"),
      ("foo: [bar, qux, baz]", ConfigPatch(op: "remove", path: "/machine/foo/1"), "foo:\n  - bar\n  - baz"),
      (
        "baz: qux\nfoo: bar", ConfigPatch(op: "replace", path: "/machine/baz", value: .string("boo")),
        "baz: boo\nfoo: bar"
      ),
      (
        "foo: {bar: baz, waldo: fred}\nqux: {corge: grault}",
        ConfigPatch(op: "move", path: "/machine/qux/thud", from: "/machine/foo/waldo"),
        "foo:\n  bar: baz\nqux:\n  corge: grault\n  thud: fred"
      ),
      (
        "foo: [all, grass, cows, eat]", ConfigPatch(op: "move", path: "/machine/foo/3", from: "/machine/foo/1"),
        "foo:\n  - all\n  - cows\n  - eat\n  - grass"
      ),
      ("baz: qux", ConfigPatch(op: "test", path: "/machine/baz", value: .string("qux")), "baz: qux"),
      (
        "foo: [a, 2, c]", ConfigPatch(op: "test", path: "/machine/foo/1", value: .integer(2)),
        "foo:\n  - a\n  - 2\n  - c"
      ),
      (
        "foo: bar", ConfigPatch(op: "add", path: "/machine/child", value: .object(["grandchild": .object([:])])),
        "foo: bar\nchild:\n  grandchild: {}"
      ),
      ("/: 9\n\"~1\": 10", ConfigPatch(op: "test", path: "/machine/~01", value: .integer(10)), "/: 9\n~1: 10"),
      (
        "foo: [bar]", ConfigPatch(op: "add", path: "/machine/foo/-", value: .array([.string("abc"), .string("def")])),
        "foo:\n  - bar\n  - - abc\n    - def"
      ),
      ("foo: [a]", ConfigPatch(op: "copy", path: "/machine/bar", from: "/machine/foo/0"), "foo:\n  - a\nbar: a"),
      ("foo: [a]", ConfigPatch(op: "add", path: "/machine/foo", value: .null), "foo: null"),
      (
        "foo: {a: 1, b: [1.0]}",
        ConfigPatch(op: "test", path: "/machine/foo", value: .object(["b": .array([.integer(1)]), "a": .integer(1)])),
        "foo:\n  a: 1\n  b:\n    - 1.0"
      ),
    ] as [(String, ConfigPatch, String)])
  func appendix(machine: String, patch: ConfigPatch, expected: String) throws {
    let indent = { (text: String) in text.split(separator: "\n").map { "  \($0)\n" }.joined() }
    let text = try Self.patched(Self.config(indent(machine)), Self.server([patch])).text
    let tail = "  kubelet:\n    extraArgs:\n      \(Self.label)\n"
    // `~1` begins with what YAML reads as null only when it stands alone.
    #expect(text.replacing("\"~1\"", with: "~1") == Self.config(indent(expected)) + tail)
  }

  @Test(
    "What RFC 6902 refuses is refused, with place and reason, and no value is quoted",
    arguments: [
      (ConfigPatch(op: "add", path: "/machine/baz/bat", value: .string("x")), "there is nothing at /machine/baz"),
      (ConfigPatch(op: "remove", path: "/machine/none"), "there is nothing there"),
      (ConfigPatch(op: "replace", path: "/machine/none", value: .string("x")), "there is nothing there"),
      (
        ConfigPatch(op: "test", path: "/machine/token", value: .string("x")),
        "what is there is not what the patch tests for"
      ),
      (
        ConfigPatch(op: "test", path: "/machine/number", value: .string("5")),
        "what is there is not what the patch tests for"
      ),
      (ConfigPatch(op: "add", path: "/machine/list/3", value: .string("x")), "the list has 2 items"),
      (ConfigPatch(op: "add", path: "/machine/list/01", value: .string("x")), "the list has 2 items"),
      (ConfigPatch(op: "add", path: "/machine/list/-1", value: .string("x")), "the list has 2 items"),
      (ConfigPatch(op: "remove", path: "/machine/list/-"), "there is nothing there"),
      (ConfigPatch(op: "remove", path: "/machine/list/2"), "there is nothing there"),
      (
        ConfigPatch(op: "add", path: "/machine/token/x", value: .string("x")),
        "its parent is a value, and no mapping or list"
      ),
      (
        ConfigPatch(op: "move", path: "/machine/map/inner", from: "/machine/map"),
        "/machine/map cannot be moved into itself"
      ),
      (ConfigPatch(op: "move", path: "/machine/x"), "from is missing"),
      (ConfigPatch(op: "add", path: "/machine/x"), "value is missing"),
      (ConfigPatch(op: "remove", path: ""), "the whole document cannot be removed"),
      (ConfigPatch(op: "remove", path: "machine"), "this is no JSON pointer: it begins with /, and ~ is written ~0"),
      (
        ConfigPatch(op: "remove", path: "/machine/~2"), "this is no JSON pointer: it begins with /, and ~ is written ~0"
      ),
      (ConfigPatch(op: "merge", path: "/machine"), "op is none of add, remove, replace, copy, move, test"),
    ] as [(ConfigPatch, String)])
  func refused(patch: ConfigPatch, reason: String) {
    let base = Self.config("  token: secret\n  number: 5\n  list: [a, b]\n  map: {inner: {}}\n")
    let good = ConfigPatch(op: "add", path: "/machine/good", value: .bool(true))
    let message = Self.error(base, [good, patch])
    let place = patch.path.isEmpty ? "" : " \(patch.path)"
    #expect(message == "Server \(Self.name), configPatches[1]: \(patch.op)\(place): \(reason)")
    #expect(message?.contains("secret") == false)
  }

  @Test("Patches that copy and copy are stopped before they fill the memory")
  func copies() {
    let base = Self.config("  a: [x]\n")
    let doubling = (0..<60).map { _ in ConfigPatch(op: "copy", path: "/machine/a/-", from: "/machine/a") }
    #expect(Self.error(base, doubling)?.contains("becomes") == true)
    let nesting = (0..<300).map { _ in ConfigPatch(op: "copy", path: "/machine/a/0", from: "/machine/a") }
    #expect(Self.error(base, nesting)?.contains("becomes") == true)
  }

  // MARK: Several documents

  @Test("JSON patches find the v1alpha1 document among others; strategic ones every document by kind and name")
  func documents() throws {
    let base = """
      apiVersion: v1alpha1
      kind: HostnameConfig
      auto: stable
      ---
      version: v1alpha1
      machine: {token: t}
      ---
      apiVersion: v1alpha1
      kind: ExtensionServiceConfig
      name: foo
      configFiles:
        - {content: hello, mountPath: /etc/foo}
      """
    let patch = """
      apiVersion: v1alpha1
      kind: ExtensionServiceConfig
      name: foo
      environment: [A=B]
      configFiles:
        - {content: bye, mountPath: /etc/foo}
        - {content: new, mountPath: /etc/bar}
      ---
      apiVersion: v1alpha1
      kind: ExtensionServiceConfig
      name: bar
      environment: [C=D]
      ---
      apiVersion: v1alpha1
      kind: HostnameConfig
      $patch: delete
      """
    let patched = try Self.patched(
      base, Self.server([ConfigPatch(op: "replace", path: "/machine/token", value: .string("u"))], [patch]))
    #expect(
      patched.text == """
        version: v1alpha1
        machine:
          token: u
          kubelet:
            extraArgs:
              \(Self.label)
        ---
        apiVersion: v1alpha1
        kind: ExtensionServiceConfig
        name: foo
        configFiles:
          - content: bye
            mountPath: /etc/foo
          - content: new
            mountPath: /etc/bar
        environment:
          - A=B
        ---
        apiVersion: v1alpha1
        kind: ExtensionServiceConfig
        name: bar
        environment:
          - C=D

        """)
    #expect(patched.fields.contains { $0.document == "HostnameConfig" && $0.change == .removed })
    #expect(patched.fields.contains { $0.path == "/configFiles/0/content" && $0.change == .set })
  }

  // MARK: Talos' merge

  @Test(
    "Talos' merge: mappings merged, lists appended, and those that go by other rules",
    arguments: [
      (
        "machine:\n  network:\n    interfaces:\n      - {interface: eth0, addresses: [a], vlans: [{vlanId: 1, dhcp: true}]}\n"
          + "      - {deviceSelector: {busPath: '0*', driver: x}, mtu: 1}\n",
        "machine:\n  network:\n    interfaces:\n"
          + "      - {interface: eth0, addresses: [b], vlans: [{vlanId: 1, mtu: 9}, {vlanId: 2, mtu: 8}]}\n"
          + "      - {deviceSelector: {driver: x, busPath: '0*'}, mtu: 2}\n      - {interface: eth1}\n",
        """
        machine:
          network:
            interfaces:
              - interface: eth0
                addresses:
                  - a
                  - b
                vlans:
                  - vlanId: 1
                    dhcp: true
                    mtu: 9
                  - vlanId: 2
                    mtu: 8
              - deviceSelector:
                  busPath: 0*
                  driver: x
                mtu: 2
              - interface: eth1
        """
      ),
      (
        "machine: {a: 1}\ncluster:\n  network: {podSubnets: [a], serviceSubnets: [b]}\n",
        "cluster:\n  network: {podSubnets: [c], serviceSubnets: []}\n",
        "machine:\n  a: 1\ncluster:\n  network:\n    podSubnets:\n      - c\n    serviceSubnets: []"
      ),
      (
        "machine: {a: 1}\ncluster:\n  apiServer:\n    admissionControl: [{name: P, configuration: {x: 1, y: [2]}}]\n"
          + "    auditPolicy: {kind: Policy, rules: [{level: Metadata}]}\n",
        "cluster:\n  apiServer:\n    admissionControl: [{name: P, configuration: {x: 3, y: [4]}}, {name: Q}]\n"
          + "    auditPolicy: {rules: [{level: None}]}\n",
        "machine:\n  a: 1\ncluster:\n  apiServer:\n    admissionControl:\n      - name: P\n        configuration:\n"
          + "          x: 3\n          y:\n            - 2\n            - 4\n      - name: Q\n"
          + "    auditPolicy:\n      rules:\n        - level: None"
      ),
      // What Talos cannot tell from what is absent replaces nothing; false does.
      (
        "machine: {token: t, network: {mtu: 5}, kubelet: {a: true}, nodeLabels: {x: y}}",
        "machine: {token: '', network: {mtu: 0}, kubelet: {a: false}, nodeLabels: {x: '', z: ''}}",
        "machine:\n  token: t\n  network:\n    mtu: 5\n  kubelet:\n    a: false\n  nodeLabels:\n    x: y\n    z: \"\""
      ),
      ("machine: {token: t, files: ~}", "machine: {token: ~, files: [a]}", "machine:\n  token: t\n  files:\n    - a"),
      // An argument is replaced, text or list.
      (
        "machine: {kubelet: {extraArgs: {v: [a, b], w: x}}}", "machine: {kubelet: {extraArgs: {v: c, w: ''}}}",
        "machine:\n  kubelet:\n    extraArgs:\n      v: c\n      w: \"\""
      ),
      // Deleted first, then merged.
      (
        "machine: {network: {hostname: h, interfaces: [{interface: eth0, dhcp: true}, {interface: eth1, addresses: [a]}]}}",
        "machine:\n  network:\n    hostname: {$patch: delete}\n    interfaces:\n      - {interface: eth0, $patch: delete}\n"
          + "      - {interface: eth1, addresses: [b]}\n      - {interface: eth0, dummy: true}\n",
        "machine:\n  network:\n    interfaces:\n      - interface: eth1\n        addresses:\n          - a\n          - b\n"
          + "      - interface: eth0\n        dummy: true"
      ),
    ] as [(String, String, String)])
  func talosMerge(base: String, patch: String, expected: String) throws {
    let text = try Self.patched("version: v1alpha1\n" + base, Self.server([], [patch])).text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // The node label is told elsewhere.
    let rest = lines.filter { line in
      !line.contains(Self.label) && !(line == "  kubelet:" && !expected.contains("kubelet:"))
        && !(line == "    extraArgs:" && !expected.contains("extraArgs:"))
    }
    #expect(rest.joined(separator: "\n") == "version: v1alpha1\n\(expected)\n")
  }

  @Test(
    "A merge that cannot be made is an error with its place",
    arguments: [
      ("machine: {network: [a]}", "/machine/network: this is a mapping in the configuration and a list in the patch"),
      ("machine: {token: {a: b}}", "/machine/token: this is a value in the configuration and a mapping in the patch"),
      ("machine: {none: {$patch: delete}}", "/machine/none: there is nothing there that could be deleted"),
      (
        "machine: {list: [{name: z, $patch: delete}]}",
        "/machine/list: there is no item with this name that could be deleted"
      ),
      ("$patch: delete", "the v1alpha1 document cannot be deleted"),
      ("nonsense: {}", "/nonsense: a v1alpha1 document has only cluster, debug, machine, persist, version"),
      ("kind: Foo", "a document has a kind without an apiVersion, or the other way round"),
      ("[a]", "a document is a list, and no mapping"),
      ("machine: {a: [b", "it is not YAML: line"),
    ] as [(String, String)])
  func mergeErrors(patch: String, reason: String) {
    let message = Self.error(Self.config("  network: {}\n  token: t\n  list: [{name: a}]\n"), [], [patch])
    #expect(message?.hasPrefix("Server \(Self.name), strategicPatches[0]: \(reason)") == true, "\(message ?? "none")")
  }

  // MARK: YAML

  @Test(
    "A scalar is what it was: text stays text for every reader, numbers stay as they were written",
    arguments: [
      ("a: \"123\"", "a: \"123\""), ("a: '0x1F'", "a: \"0x1F\""), ("a: 'true'", "a: \"true\""),
      ("a: \"yes\"", "a: \"yes\""), ("a: 'null'", "a: \"null\""), ("a: ''", "a: \"\""), ("a: '1e3'", "a: \"1e3\""),
      ("a: '12:30'", "a: \"12:30\""), ("a: '1_000'", "a: \"1_000\""), ("a: '2001-12-14'", "a: \"2001-12-14\""),
      ("a: !!str 5", "a: \"5\""), ("a: 0777", "a: 0777"), ("a: 1.10", "a: 1.10"), ("a: 0x1F", "a: 0x1F"),
      ("a: yes", "a: yes"), ("a: 1_000", "a: 1_000"), ("a: ~", "a: ~"), ("a:", "a: null"), ("a: .inf", "a: .inf"),
      ("a: 'plain text'", "a: plain text"), ("a: 'x: y'", "a: \"x: y\""), ("a: 'x #y'", "a: \"x #y\""),
      ("a: ' x'", "a: \" x\""), ("a: '- x'", "a: \"- x\""), ("a: '-x'", "a: -x"), ("a: '*x'", "a: \"*x\""),
      ("a: \"x\\ty\"", "a: \"x\\ty\""), ("a: \"x\\x1by\"", "a: \"x\\x1by\""), ("a: 'ä€'", "a: ä€"),
      ("a: \"x\\u2028y\"", "a: \"x\\u2028y\""), ("a: \"x\\ufeffy\"", "a: \"x\\ufeffy\""),
      ("a: |\n    x\n      y\n\n    z", "a: |\n    x\n      y\n\n    z"),
      ("a: |-\n    x\n    y", "a: |-\n    x\n    y"), ("a: |\n    x\n", "a: |\n    x"),
      ("a: |+\n    x\n", "a: \"x\\n\\n\""), ("a: \"\\n x\"", "a: \"\\n x\""), ("a: \"x\\r\\ny\"", "a: \"x\\r\\ny\""),
      ("a: >\n    x\n    y\n", "a: |\n    x y"), ("'5': x", "\"5\": x"), ("5: x", "5: x"), ("'': x", "\"\": x"),
      ("a: {}", "a: {}"), ("a: []", "a: []"), ("a: [[b], {c: d}]", "a:\n    - - b\n    - c: d"),
    ] as [(String, String)])
  func scalars(written: String, expected: String) throws {
    let text = try Self.patched(Self.config("  \(written)\n")).text
    let tail = "  kubelet:\n    extraArgs:\n      \(Self.label)\n"
    #expect(text == Self.config("  \(expected)\n") + tail)
    // What we write is read as the same, and written as the same.
    #expect(try Self.patched(text).text == text)
  }

  @Test("Separators are YAML's, not bytes: --- inside text is text, an empty document is none")
  func separators() throws {
    let base = "---\n# nothing\n---\nversion: v1alpha1\nmachine:\n  a: |\n    ---\n    b\n...\n---\n"
    let text = try Self.patched(base).text
    #expect(text.hasPrefix("version: v1alpha1\nmachine:\n  a: |\n    ---\n    b\n  kubelet:"))
    #expect(!text.contains("\n---\n"))
  }

  @Test("Anchors, aliases and merge keys are written out")
  func aliases() throws {
    let base = Self.config("  a: &x {b: c, d: e}\n  f: *x\n  g: {<<: *x, d: h}\n")
    #expect(
      try Self.patched(base).text.hasPrefix(
        Self.config("  a:\n    b: c\n    d: e\n  f:\n    b: c\n    d: e\n  g:\n    d: h\n    b: c\n")))
  }

  @Test(
    "Hostile YAML is refused, quickly",
    arguments: [
      ("laughs", "more than"), ("laughs as keys", "anchors and aliases cannot be keys"), ("deep list", "deeper"),
      ("deep mapping", "deeper"), ("very deep", "nesting"), ("large", "larger than"), ("twice", "stands twice"),
      ("twice quoted", "stands twice"), ("tag", "is not supported"), ("binary", "is not supported"),
      ("undefined", "line"), ("half a character", "it is not YAML"), ("key of a list", "a key is a list or a mapping"),
      ("long key", "a key is longer"),
      ("empty", "it is empty"), ("nul", "it is not YAML"), ("no version", "it is not v1alpha1"),
      ("two of them", "two documents"), ("none of them", "no v1alpha1 document"),
    ] as [(String, String)])
  func hostile(what: String, reason: String) {
    var laughs = "l0: &l0 [x, x]\n"
    for level in 1..<40 { laughs += "l\(level): &l\(level) [*l\(level - 1), *l\(level - 1)]\n" }
    let v = "version: v1alpha1\n"
    let text =
      switch what {
      case "laughs": v + laughs
      case "laughs as keys": v + laughs + "? *l39\n: x\n"
      case "deep list": v + "machine: " + String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
      case "deep mapping":
        v + "machine: " + String(repeating: "{a: ", count: 300) + "b" + String(repeating: "}", count: 300)
      case "very deep": v + "machine: " + String(repeating: "[", count: 100_000)
      case "large": v + "machine: {a: " + String(repeating: "x", count: 2 << 20) + "}"
      case "twice": v + "machine: {a: 1}\nmachine: {b: 2}\n"
      case "twice quoted": v + "machine: {5: a, '5': b}\n"
      case "tag": v + "machine: {a: !!python/object:os.system x}\n"
      case "binary": v + "machine: {a: !!binary aGVsbG8=}\n"
      case "half a character": v + "machine: {a: \"\\ud800\"}\n"
      case "undefined": v + "machine: {a: *nothing}\n"
      case "key of a list": v + "machine: {[a]: b}\n"
      case "long key": v + "machine:\n  ? \"\(String(repeating: "k", count: 1500))\"\n  : b\n"
      case "empty": "# nothing\n"
      case "nul": v + "machine: \u{0}\n"
      case "no version": "machine: {a: b}\n"
      case "two of them": v + "---\n" + v
      default: "apiVersion: v1alpha1\nkind: HostnameConfig\n"
      }
    let message = Self.error(text)
    #expect(message?.contains(reason) == true, "\(what): \(message ?? "accepted")")
  }

  @Test("No error quotes what the configuration says")
  func quiet() {
    for text in ["machine: {token: s3cret, a: [", "machine:\n  token: s3cret\n token: x", "s3cret: *s3cret2"] {
      #expect(Self.error("version: v1alpha1\n" + text)?.contains("s3cret ") != true)
      #expect(Self.error("version: v1alpha1\n" + text) != nil)
    }
  }

  // MARK: Before there is a configuration

  @Test("What can be known without a configuration is known when the patches are applied to their resource")
  func problems() {
    let found = Self.patcher.problems(
      configPatches: [
        ConfigPatch(op: "add", path: "/machine/a", value: .bool(true)),
        ConfigPatch(op: "merge", path: "/machine"), ConfigPatch(op: "add", path: "/machin/a", value: .bool(true)),
        ConfigPatch(op: "move", path: "/machine/a", from: "/x/b"),
      ],
      strategicPatches: [
        "machine: {a: b}", "machin: {a: b}", "machine: [", "", "a", "apiVersion: v1alpha1\nkind: X\n", "kind: X",
      ])
    #expect(
      found.map(\.path) == [
        "spec.configPatches[1]", "spec.configPatches[2]", "spec.configPatches[3]", "spec.strategicPatches[1]",
        "spec.strategicPatches[2]", "spec.strategicPatches[3]", "spec.strategicPatches[4]", "spec.strategicPatches[6]",
      ])
    #expect(found[1].message.contains("/machin/a"))
  }
}
