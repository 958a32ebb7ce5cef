import BareMetal
import FoundationEssentials

/// A kubeconfig: clusters, users, and contexts that bring the two together, of one file or of several (`KUBECONFIG=a:b`).
///
/// Of several files the first that says something counts: a named entry as a whole, as of kubectl. Relative paths are
/// relative to the file that they are in.
public struct Kubeconfig: Sendable {
  /// The first that says something counts.
  private let roots: [KubeconfigNode]

  /// Reads a file, or several with colons in between: of several, those that are not there are passed over.
  public init(path: String) throws(KubeconfigError) {
    let paths = path.split(separator: ":").map { String($0) }
    let isList = paths.count > 1
    var roots: [KubeconfigNode] = []
    var missing: KubeconfigError?
    for path in isList ? paths : [path] {
      let text: String
      do {
        text = try AccessFile.text(path, at: "")
      } catch {
        let error = KubeconfigError(path: "", message: "the kubeconfig \(error.message)")
        guard isList, !AccessFile.exists(path) else { throw error }
        missing = error
        continue
      }
      let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      roots.append(try Self.root(text, of: KubeconfigNode.File(name: isList ? path : nil, directory: directory)))
    }
    if roots.isEmpty, let missing { throw missing }
    self.roots = roots
  }

  /// - Parameter directory: what relative paths are relative to; `nil`: it may name neither files nor programs, for it was
  ///   not written by who owns this host.
  public init(parsing text: String, directory: String? = nil) throws(KubeconfigError) {
    roots = [try Self.root(text, of: KubeconfigNode.File(name: nil, directory: directory))]
  }

  private static func root(_ text: String, of file: KubeconfigNode.File) throws(KubeconfigError) -> KubeconfigNode {
    let root = try KubeconfigNode(parsing: text, of: file)
    if let kind = root["kind"], try kind.text() != "Config" {
      throw KubeconfigError(
        path: kind.path, message: "is \(PlainText.line(try kind.text())), not Config: this is no kubeconfig")
    }
    return root
  }

  /// What `current-context` says.
  public func currentContext() throws(KubeconfigError) -> String? {
    for root in roots { if let name = try root.text("current-context") { return name } }
    return nil
  }

  public func contexts() throws(KubeconfigError) -> [String] {
    var names: [String] = []
    for root in roots {
      for context in try root.elements("contexts") {
        if let name = try context.text("name"), !names.contains(name) { names.append(name) }
      }
    }
    return names
  }

  /// The cluster and the user of a context.
  /// - Parameters:
  ///   - context: its name; `nil` for the current one.
  ///   - environment: the process's, for credential plugins.
  ///   - allowsInsecure: whether `insecure-skip-tls-verify` is done as it says.
  public func access(
    context name: String? = nil, environment: [String: String] = [:], allowsInsecure: Bool = false
  ) throws(KubeconfigError) -> ClusterAccess {
    var chosen = name
    if chosen == nil { chosen = try currentContext() }
    guard let name = chosen else {
      throw KubeconfigError(path: "current-context", message: "is missing, and no context was asked for")
    }
    let context = try entry("contexts", "context", named: name, wantedBy: name)
    let cluster = try entry("clusters", "cluster", named: try context.required("cluster").text(), wantedBy: name)
    let server = try server(cluster)
    var access = ClusterAccess(
      name: name, server: server, trust: try trust(cluster, allowsInsecure: allowsInsecure), credentials: .none,
      namespace: try context.text("namespace") ?? "default")
    access.serverName = try cluster.text("tls-server-name")
    if let proxy = cluster["proxy-url"] {
      throw KubeconfigError(path: proxy.path, message: "proxies are not supported: the API server is reached directly")
    }
    if let user = try context.text("user") {
      let entry = try entry("users", "user", named: user, wantedBy: name)
      access.credentials = try credentials(entry, environment: environment)
      access.impersonation = try impersonation(entry)
      if !server.hasPrefix("https:"), case .none = access.credentials {
      } else if !server.hasPrefix("https:") {
        throw KubeconfigError(
          path: "\(cluster.path).server", message: "is plain HTTP: credentials would be sent for all to read")
      }
    }
    return access
  }

  /// The part that counts of a named entry of one of the lists.
  private func entry(
    _ list: String, _ part: String, named name: String, wantedBy context: String
  ) throws(KubeconfigError) -> KubeconfigNode {
    var names: [String] = []
    for root in roots {
      for entry in try root.elements(list) {
        guard let found = try entry.text("name") else { continue }
        if found == name { return try entry.required(part) }
        names.append(PlainText.line(found))
      }
    }
    let there = names.isEmpty ? "there are none" : "there are \(names.joined(separator: ", "))"
    let wanted = list == "contexts" ? "" : " (which context \(PlainText.line(context)) names)"
    throw KubeconfigError(path: list, message: "has no entry \(PlainText.line(name))\(wanted); \(there)")
  }

  private func server(_ cluster: KubeconfigNode) throws(KubeconfigError) -> String {
    let node = try cluster.required("server")
    var text = try node.text()
    while text.hasSuffix("/") { text.removeLast() }
    guard let url = URL(string: text), let host = url.host(), !host.isEmpty, ["https", "http"].contains(url.scheme),
      url.user() == nil, url.query() == nil
    else { throw KubeconfigError(path: node.path, message: "is not an address such as https://10.0.0.1:6443") }
    return text
  }

  private func trust(_ cluster: KubeconfigNode, allowsInsecure: Bool) throws(KubeconfigError) -> ClusterAccess.Trust {
    if try cluster.flag("insecure-skip-tls-verify") {
      guard allowsInsecure else {
        throw KubeconfigError(
          path: "\(cluster.path).insecure-skip-tls-verify",
          message: "whoever is in between could read the credentials: set certificate-authority-data instead")
      }
      return .anything
    }
    // Embedded data counts more than a file, as of kubectl.
    if let data = cluster["certificate-authority-data"] { return .authorities(try Self.decoded(data)) }
    guard let file = cluster["certificate-authority"] else { return .system }
    let path = try file.filePath()
    _ = try AccessFile.text(path, at: file.path)
    return .file(path)
  }

  private func credentials(
    _ user: KubeconfigNode, environment: [String: String]
  ) throws(KubeconfigError) -> ClusterAccess.Credentials {
    for key in ["auth-provider", "username", "password"] {
      guard let node = user[key] else { continue }
      throw KubeconfigError(path: node.path, message: "Kubernetes dropped this: use a token, a certificate or exec")
    }
    if let plugin = user["exec"] { return .plugin(try self.plugin(plugin, environment: environment)) }
    let chain = user["client-certificate-data"] ?? user["client-certificate"]
    let key = user["client-key-data"] ?? user["client-key"]
    if let chain {
      guard let key else { throw KubeconfigError(path: "\(user.path).client-key-data", message: "is missing") }
      if !chain.path.hasSuffix("-data"), !key.path.hasSuffix("-data") {
        let paths = (try chain.filePath(), try key.filePath())
        _ = try AccessFile.text(paths.0, at: chain.path)
        _ = try AccessFile.text(paths.1, at: key.path)
        return .certificateFiles(chain: paths.0, key: paths.1)
      }
      return .certificate(chain: try pem(chain), key: Secret(try pem(key)))
    }
    if let key { throw KubeconfigError(path: key.path, message: "has no client-certificate beside it") }
    // The file counts more than the text, as of kubectl: the text may be an old one.
    if let file = user["tokenFile"] {
      let path = try file.filePath()
      _ = try AccessFile.text(path, at: file.path)
      return .tokenFile(path)
    }
    guard let token = try user.text("token") else { return .none }
    return .token(Secret(token))
  }

  private func impersonation(_ user: KubeconfigNode) throws(KubeconfigError) -> ClusterAccess.Impersonation? {
    guard let name = try user.text("as") else { return nil }
    for key in ["as-uid", "as-user-extra"] {
      if let node = user[key] { throw KubeconfigError(path: node.path, message: "is not supported") }
    }
    var groups: [String] = []
    for group in try user.elements("as-groups") { groups.append(try group.text()) }
    return ClusterAccess.Impersonation(user: name, groups: groups)
  }

  private func plugin(
    _ node: KubeconfigNode, environment: [String: String]
  ) throws(KubeconfigError) -> CredentialPlugin {
    let version = try node.required("apiVersion")
    guard CredentialPlugin.apiVersions.contains(try version.text()) else {
      throw KubeconfigError(
        path: version.path, message: "is none of \(CredentialPlugin.apiVersions.joined(separator: ", "))")
    }
    if try node.text("interactiveMode") == "Always" {
      throw KubeconfigError(path: "\(node.path).interactiveMode", message: "is Always, but nobody sits at a daemon")
    }
    let program = try node.required("command")
    guard node.file.directory != nil else {
      throw KubeconfigError(path: program.path, message: "names a program, and none is run for it")
    }
    let command = try program.text()
    var plugin = CredentialPlugin(
      // Without a slash it is looked for in PATH; with one, relative to the kubeconfig.
      apiVersion: try version.text(), command: command.contains("/") ? try program.filePath() : command,
      environment: environment, installHint: try node.text("installHint"))
    for argument in try node.elements("args") { plugin.arguments.append(try argument.text()) }
    for variable in try node.elements("env") {
      plugin.environment[try variable.required("name").text()] = try variable.text("value") ?? ""
    }
    return plugin
  }

  /// PEM, embedded or in a file.
  private func pem(_ node: KubeconfigNode) throws(KubeconfigError) -> String {
    if node.path.hasSuffix("-data") { return try Self.decoded(node) }
    return try AccessFile.text(try node.filePath(), at: node.path)
  }

  private static func decoded(_ node: KubeconfigNode) throws(KubeconfigError) -> String {
    let text = try node.text()
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters),
      let pem = String(data: data, encoding: .utf8), pem.contains("-----BEGIN")
    else { throw KubeconfigError(path: node.path, message: "is not PEM in base64") }
    return pem
  }
}
