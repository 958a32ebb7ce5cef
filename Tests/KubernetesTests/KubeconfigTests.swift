import BareMetal
import Certificates
import Foundation
import NIOHTTP1
import NIOSSL
import Testing
import Wire

@testable import Kubernetes

@Suite("Kubeconfigs", .timeLimit(.minutes(1)))
struct KubeconfigTests {
  static let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

  private func config(cluster: String = "server: https://10.0.0.1:6443", user: String = "token: t0ken") -> String {
    func indented(_ text: String) -> String {
      text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }
    return """
      apiVersion: v1
      kind: Config
      clusters:
      - name: one
        cluster:
      \(indented(cluster))
      users:
      - name: admin
        user:
      \(indented(user))
      contexts:
      - name: main
        context: {cluster: one, user: admin, namespace: rack}
      - name: anonymous
        context: {cluster: one}
      - name: lost
        context: {cluster: two, user: admin}
      current-context: main
      """
  }

  private func problem(_ text: String, context: String? = nil) -> String {
    do {
      let access = try Kubeconfig(parsing: text, directory: ".").access(context: context)
      return "no problem: \(access.server)"
    } catch {
      return "\(error)"
    }
  }

  @Test("A context brings a cluster and a user together")
  func context() throws {
    let authority = Data(Self.pem.utf8).base64EncodedString()
    let text = config(
      cluster: "server: https://10.0.0.1:6443/\ncertificate-authority-data: \(authority)\ntls-server-name: api.example")
    let config = try Kubeconfig(parsing: text)
    #expect(try config.currentContext() == "main")
    #expect(try config.contexts() == ["main", "anonymous", "lost"])
    let access = try config.access()
    #expect(access.name == "main" && access.server == "https://10.0.0.1:6443" && access.namespace == "rack")
    #expect(access.trust == .authorities(Self.pem) && access.serverName == "api.example")
    guard case .token(Secret("t0ken")) = access.credentials else {
      Issue.record("no token")
      return
    }
    let anonymous = try config.access(context: "anonymous")
    guard case .none = anonymous.credentials else {
      Issue.record("credentials of nobody")
      return
    }
    #expect(anonymous.namespace == "default")
  }

  @Test(
    "What is wrong is named with its place",
    arguments: [
      ("", "", "it is empty"), ("a: [", "", "it is not YAML"), ("- a", "", "it is not a kubeconfig"),
      ("kind: Pod", "", "kind: is Pod, not Config"), ("kind: Config", "", "current-context: is missing"),
      ("current-context: x", "", "contexts: has no entry x; there are none"),
    ])
  func broken(_ text: String, _ context: String, _ expected: String) {
    #expect(problem(text).contains(expected), "\(problem(text))")
  }

  @Test(
    "So is what is wrong with a cluster",
    arguments: [
      ("certificate-authority-data: QUJD", "clusters[0].cluster.server: is missing"),
      ("server: 10.0.0.1:6443", "clusters[0].cluster.server: is not an address"),
      ("server: https://u:p@10.0.0.1", "clusters[0].cluster.server: is not an address"),
      ("server: http://10.0.0.1", "clusters[0].cluster.server: is plain HTTP"),
      ("server: https://a\ncertificate-authority-data: '%%%'", "certificate-authority-data: is not PEM in base64"),
      ("server: https://a\ncertificate-authority: /nowhere/ca", "certificate-authority: /nowhere/ca cannot be read"),
      ("server: https://a\ninsecure-skip-tls-verify: true", "insecure-skip-tls-verify: whoever is in between"),
      ("server: https://a\ninsecure-skip-tls-verify: maybe", "insecure-skip-tls-verify: is neither true nor false"),
      ("server: https://a\nproxy-url: http://p", "clusters[0].cluster.proxy-url: proxies are not supported"),
    ])
  func brokenCluster(_ cluster: String, _ expected: String) {
    let found = problem(config(cluster: cluster))
    #expect(found.contains(expected), "\(found)")
  }

  @Test(
    "And with a user, without a word of the credential",
    arguments: [
      ("username: u\npassword: s3cr3t", "users[0].user.username: Kubernetes dropped this"),
      ("auth-provider: {name: gcp}", "users[0].user.auth-provider: Kubernetes dropped this"),
      ("tokenFile: /nowhere/s3", "users[0].user.tokenFile: /nowhere/s3 cannot be read: there is no such file"),
      ("client-certificate-data: QUJD", "users[0].user.client-key-data: is missing"),
      ("client-key-data: QUJD", "users[0].user.client-key-data: has no client-certificate beside it"),
      ("client-certificate-data: s3cr3t\nclient-key-data: s3cr3t", "client-certificate-data: is not PEM in base64"),
      ("exec: {apiVersion: v1, command: x}", "users[0].user.exec.apiVersion: is none of"),
      ("exec: {apiVersion: client.authentication.k8s.io/v1}", "users[0].user.exec.command: is missing"),
      ("token: [s3cr3t]", "users[0].user.token: is not text"),
    ])
  func brokenUser(_ user: String, _ expected: String) {
    let found = problem(config(user: user))
    #expect(found.contains(expected) && !found.contains("s3cr3t"), "\(found)")
  }

  @Test("A context that names what is not there says what there is")
  func lost() throws {
    #expect(
      problem(config(), context: "lost").contains(
        "clusters: has no entry two (which context lost names); there are one"))
    #expect(problem(config(), context: "other").contains("there are main, anonymous, lost"))
  }

  @Test(
    "What others wrote may name neither files nor programs of this host",
    arguments: [
      (
        "server: https://a\ncertificate-authority: ca.crt", "token: t",
        "clusters[0].cluster.certificate-authority: names a file"
      ),
      ("server: https://a", "tokenFile: /etc/hostname", "users[0].user.tokenFile: names a file"),
      ("server: https://a", "client-certificate: c\nclient-key: k", "users[0].user.client-certificate: names a file"),
      ("server: https://a", "client-certificate: c\nclient-key-data: QUJD", "client-certificate: names a file"),
      (
        "server: https://a", "exec: {apiVersion: client.authentication.k8s.io/v1, command: id}",
        "users[0].user.exec.command: names a program"
      ),
    ])
  func embedded(_ cluster: String, _ user: String, _ expected: String) {
    do {
      _ = try Kubeconfig(parsing: config(cluster: cluster, user: user)).access()
      Issue.record("nothing is wrong with it")
    } catch {
      #expect("\(error)".contains(expected), "\(error)")
    }
  }

  @Test("Of several files the first that says something counts, and paths are relative to the file they are in")
  func severalFiles() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-\(UUID().uuidString)").path()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
    }
    let (first, second, missing) = ("\(directory)/a/config", "\(directory)/b/config", "\(directory)/none")
    try Data(
      """
      contexts:
      - {name: one, context: {cluster: c, user: u}}
      users:
      - {name: u, user: {token: first}}
      """.utf8
    ).write(to: URL(filePath: first))
    try Data(
      """
      current-context: one
      clusters:
      - {name: c, cluster: {server: "https://b", certificate-authority: ca.crt}}
      contexts:
      - {name: one, context: {cluster: none, user: none}}
      - {name: two, context: {cluster: c, user: v}}
      users:
      - {name: u, user: {token: second}}
      - {name: v, user: {tokenFile: gone}}
      """.utf8
    ).write(to: URL(filePath: second))
    try Data(Self.pem.utf8).write(to: URL(filePath: "\(directory)/b/ca.crt"))
    let config = try Kubeconfig(path: "\(first):\(missing):\(second)")
    #expect(try config.contexts() == ["one", "two"])
    let access = try config.access()
    #expect(access.name == "one" && access.server == "https://b" && access.trust == .file("\(directory)/b/ca.crt"))
    guard case .token(Secret("first")) = access.credentials else {
      Issue.record("another user's token")
      return
    }
    #expect {
      try config.access(context: "two")
    } throws: { error in
      "\(error)".hasPrefix("\(second): users[1].user.tokenFile: \(directory)/b/gone cannot be read")
    }
    #expect(throws: KubeconfigError.self) { try Kubeconfig(path: "\(missing):\(missing)2") }
  }

  @Test("An unverified server is believed only where a person said so")
  func insecure() throws {
    let text = config(cluster: "server: https://a\ninsecure-skip-tls-verify: true")
    #expect(try Kubeconfig(parsing: text).access(allowsInsecure: true).trust == .anything)
  }

  @Test("Aliases that make billions of values are not followed")
  func bomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",") + "]\n"
    }
    #expect(problem(text).contains("values"))
  }

  @Test("In a cluster, the Pod's service account is it")
  func inCluster() throws {
    #expect(try ClusterAccess.inCluster(environment: [:]) == nil)
    let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
    #expect(throws: KubeconfigError.self) {
      try ClusterAccess.inCluster(environment: environment, directory: directory)
    }
    for (name, text) in [("token", "t0ken\n"), ("ca.crt", Self.pem), ("namespace", "sidero-system")] {
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
    }
    let access = try #require(try ClusterAccess.inCluster(environment: environment, directory: directory))
    #expect(access.server == "https://[fd00::1]:443" && access.namespace == "sidero-system")
  }
}

@Suite("Credentials that change", .timeLimit(.minutes(1)))
struct CredentialTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-\(UUID().uuidString)").path()

  private func script(_ text: String) throws -> String {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let path = "\(directory)/plugin"
    try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  private func plugin(_ text: String) throws -> CredentialPlugin {
    CredentialPlugin(
      apiVersion: "client.authentication.k8s.io/v1", command: try script(text), arguments: ["an argument"],
      environment: ["PATH": "/usr/bin:/bin", "HOW": "well"], installHint: "install it")
  }

  private func credential(_ status: String) -> String {
    #"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":\#(status)}'"#
  }

  @Test("A plugin gets its arguments, its environment and what is asked, and says a token and its end")
  func plugin() async throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let text = """
      case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 3;; esac
      [ "$HOW" = well ] && [ "$1" = 'an argument' ] || exit 4
      \(credential(#"{"token":"t0ken","expirationTimestamp":"2026-11-26T12:00:00+02:00"}"#))
      """
    let answer = try await plugin(text).run()
    #expect(answer.token == Secret("t0ken") && answer.expiry == Timestamp("2026-11-26T10:00:00Z"))
  }

  @Test(
    "A plugin that fails is named, with what to do, and without what it printed",
    arguments: [
      ("echo s3cr3t; exit 7", "failed with exit code 7: install it"), ("echo s3cr3t", "printed no ExecCredential"),
      (#"echo '{"apiVersion":"v1","kind":"ExecCredential","status":{"token":"s3cr3t"}}'"#, "speaks v1"),
      ("kill -9 $$", "was ended by signal 9"), ("head -c 2000000 /dev/zero", "printed more than"),
    ])
  func failingPlugin(_ text: String, _ expected: String) async throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let plugin = try plugin(text)
    let error = await failure { () throws(KubernetesError) in try await plugin.run() }
    #expect(error?.reason == .noCredentials && error?.message.contains(expected) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("s3cr3t") == false)
  }

  @Test("A program that is not there is named as that")
  func missingPlugin() async {
    let plugin = CredentialPlugin(
      apiVersion: "client.authentication.k8s.io/v1", command: "/nowhere/plugin", installHint: "install it")
    let error = await failure { () throws(KubernetesError) in try await plugin.run() }
    #expect(error?.message == "the credential plugin /nowhere/plugin is not there: install it")
  }

  @Test("Credentials that were refused are asked for anew, once")
  func refusedPlugin() async throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let count = #"n=$(cat "$0.count" 2>/dev/null || echo 0); n=$((n+1)); echo $n >"$0.count""#
    let token =
      #"printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s"}}' $n"#
    let plugin = try plugin("\(count)\n\(token)")
    let server = try await ScriptedServer.start { request, _ in
      request.headers.first(name: "authorization") == "Bearer t2"
        ? .json(200, serverJSON("a", version: 1)) : .failure(401, "Unauthorized")
    }
    let path = try #require(ResourcePath(ServerKind.self, named: "a"))
    try await withClient(server, credentials: .plugin(plugin)) { client async throws in
      #expect(try await client.get(path, as: Server.self) != nil)
      #expect(try await client.get(path, as: Server.self) != nil)
      #expect(server.requests.count == 3)
    }
  }

  @Test("A client certificate that was rotated is read again, and one that is half written keeps the old one in use")
  func rotatedCertificate() async throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
    }
    let (chain, key) = ("\(directory)/crt", "\(directory)/key")
    let one = try CertificateAuthority(commonName: "one", now: Timestamp(seconds: 1_800_000_000))
    let two = try CertificateAuthority(commonName: "two", now: Timestamp(seconds: 1_800_000_000))
    try write("crt", one.certificate)
    try write("key", one.key.exposedText)
    let keeper = CredentialKeeper(
      ClusterAccess(
        name: "test", server: "https://127.0.0.1:1", trust: .system,
        credentials: .certificateFiles(chain: chain, key: key)), now: { Timestamp(seconds: 1_800_000_000) })
    let first = try await keeper.current()
    // The same files are the same identity: asked again because of a refusal, the answer is that there is no other.
    #expect(try await keeper.current(refused: first.number).number == first.number)
    try write("crt", "-----BEGIN CERTIFICATE-----\nMIIB")
    let error = await failure { () throws(KubernetesError) in try await keeper.current(refused: first.number) }
    #expect(error?.reason == .noCredentials && error?.message.contains("cannot be read as certificates") == true)
    #expect(try await keeper.current().number == first.number)
    try write("crt", two.certificate)
    try write("key", two.key.exposedText)
    let second = try await keeper.current(refused: first.number)
    #expect(second.number == first.number + 1)
    #expect(second.tls?.certificateChain != first.tls?.certificateChain)
  }

  @Test("A token file that was rotated is read again when the old token is refused")
  func rotatedToken() async throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let file = "\(directory)/token"
    try Data("old\n".utf8).write(to: URL(filePath: file))
    let server = try await ScriptedServer.start { request, number in
      let token = request.headers.first(name: "authorization")
      return token == (number == 0 ? "Bearer old" : "Bearer new")
        ? .json(200, serverJSON("a", version: 1)) : .failure(401, "Unauthorized")
    }
    let path = try #require(ResourcePath(ServerKind.self, named: "a"))
    try await withClient(server, credentials: .tokenFile(file)) { client async throws in
      #expect(try await client.get(path, as: Server.self) != nil)
      let error = await failure { () throws(KubernetesError) in try await client.get(path, as: Server.self) }
      #expect(error?.reason == .unauthorized && error?.message.contains("wrong or have expired") == true)
      try Data("new\n".utf8).write(to: URL(filePath: file))
      #expect(try await client.get(path, as: Server.self) != nil)
    }
  }
}
