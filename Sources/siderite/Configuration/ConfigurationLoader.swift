import BareMetal
import Wire
import Yams

/// Brings the file, the environment and the flags together: flag > environment > file > default.
struct ConfigurationLoader {
  /// The file's text; `nil` for none.
  var file: String?
  var environment: [String: String] = [:]
  /// Values given as flags.
  var flags: [ConfigurationKey: String] = [:]

  /// Reads everything.
  /// - Throws: ``InvalidConfiguration`` with every problem found.
  func load() throws(InvalidConfiguration) -> Configuration {
    var reader = ConfigurationReader()
    var tree = readFile(&reader)
    for key in ConfigurationKey.allCases {
      if let text = flags[key] {
        override(key, with: text, from: "flag --\(key.flag)", in: &tree, &reader)
      } else if let text = environment[key.variable] {
        override(key, with: text, from: "environment variable \(key.variable)", in: &tree, &reader)
      }
    }
    let configuration = Self.read(ConfigurationReader.Section(path: "", mapping: tree), &reader)
    guard reader.problems.isEmpty else { throw InvalidConfiguration(problems: reader.problems) }
    return configuration
  }

  private func readFile(_ reader: inout ConfigurationReader) -> Node.Mapping {
    guard let file else { return [:] }
    do {
      switch try compose(yaml: file) {
      case nil: return [:]
      case .mapping(let mapping): return mapping
      case .scalar(let scalar) where scalar.string.isEmpty: return [:]
      case let node: reader.report("", node, "expected a mapping of keys to values")
      }
    } catch {
      reader.report("", nil, "not YAML: \(error)")
    }
    return [:]
  }

  private func override(
    _ key: ConfigurationKey, with text: String, from source: String, in tree: inout Node.Mapping,
    _ reader: inout ConfigurationReader
  ) {
    if text == "-", key.mayBeDash { return }
    let value: Node
    do {
      value = key == .interfaces ? try compose(yaml: text) ?? Node("") : Node(text, .implicit, .doubleQuoted)
    } catch {
      reader.report(key.rawValue, nil, "\(source) is not YAML: \(error)")
      return
    }
    let path = key.path
    if path.count == 1 {
      tree[path[0]] = value
    } else {
      var inner: Node.Mapping = [:]
      if case .mapping(let existing)? = tree[path[0]] { inner = existing }
      inner[path[1]] = value
      tree[path[0]] = .mapping(inner)
    }
  }

  private static func read(
    _ root: ConfigurationReader.Section, _ reader: inout ConfigurationReader
  ) -> Configuration {
    var configuration = Configuration()
    reader.refuseUnknownKeys(in: root, known: Array(Set(ConfigurationKey.allCases.compactMap(\.path.first))))
    configuration.stateDirectory = reader.value(
      "stateDirectory", of: root, default: configuration.stateDirectory, .absolutePath)
    configuration.syncLeases = reader.value("syncLeases", of: root, default: configuration.syncLeases, .flag)
    configuration.adminSocket = reader.value(
      "adminSocket", of: root, default: configuration.adminSocket, .absolutePath)
    configuration.logLevel = reader.value("logLevel", of: root, default: configuration.logLevel, .choice)
    configuration.bootFiles = reader.value("bootFiles", of: root, default: configuration.bootFiles, .absolutePath)
    configuration.apiEndpoint = reader.optional("apiEndpoint", of: root, .address)
    configuration.httpPort = reader.value("httpPort", of: root, default: configuration.httpPort, .port)
    configuration.healthAddress = reader.value(
      "healthAddr", of: root, default: configuration.healthAddress, .healthAddress)
    configuration.extraAgentKernelArgs = reader.value("extraAgentKernelArgs", of: root, default: [], .words)
    configuration.autoBMCSetup = reader.value("autoBmcSetup", of: root, default: configuration.autoBMCSetup, .flag)
    configuration.autoAcceptServers = reader.value("autoAcceptServers", of: root, default: false, .flag)
    readLifecycle(root, &configuration, &reader)
    configuration.powerPollIntervalSeconds = reader.value(
      "powerPollInterval", of: root, default: configuration.powerPollIntervalSeconds, .secondsOrOff)

    readCluster(root, &configuration, &reader)

    let tftp = reader.section("tftp", of: root)
    reader.refuseUnknownKeys(in: tftp, known: ["port", "singlePort"])
    configuration.tftp.port = reader.value("port", of: tftp, default: configuration.tftp.port, .port)
    configuration.tftp.singlePort = reader.value("singlePort", of: tftp, default: false, .flag)

    let agent = reader.section("agent", of: root)
    reader.refuseUnknownKeys(in: agent, known: ["directory", "afterRegistration"])
    configuration.agent.directory = reader.value(
      "directory", of: agent, default: configuration.agent.directory, .absolutePath)
    configuration.agent.afterRegistration = reader.value(
      "afterRegistration", of: agent, default: configuration.agent.afterRegistration, .choice)

    let webhook = reader.section("webhook", of: root)
    reader.refuseUnknownKeys(in: webhook, known: ["port", "certDir", "endpoint"])
    configuration.webhook.port = reader.value("port", of: webhook, default: configuration.webhook.port, .port)
    configuration.webhook.certDir = reader.optional("certDir", of: webhook, .absolutePath)
    configuration.webhook.endpoint = reader.optional("endpoint", of: webhook, .host)

    let interfaces = reader.sections("interfaces", of: root)
    configuration.interfaces = interfaces.compactMap { reader.interface($0) }
    let names = configuration.interfaces.map(\.name)
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      reader.report("interfaces[\(index)].name", nil, "\(name) is named twice")
    }
    // Each interface keeps its own leases: two would give one address to two machines.
    let servers = configuration.interfaces.enumerated().filter { $0.element.mode == .server }
    for (index, interface) in servers {
      let earlier = servers.filter { $0.offset < index }.flatMap(\.element.relayed)
      for network in interface.relayed where earlier.contains(where: { $0.subnet.overlaps(network.subnet) }) {
        reader.report(
          "interfaces[\(index)].relayed", nil, "another interface gives out \(network.subnet) already")
      }
    }
    return configuration
  }

  private static func readCluster(
    _ root: ConfigurationReader.Section, _ configuration: inout Configuration, _ reader: inout ConfigurationReader
  ) {
    let context: String? = reader.optional("kubeContext", of: root, .text)
    configuration.bootHost = reader.optional("bootHost", of: root, .hostName)
    if let access = reader.optional("kubeconfig", of: root, .clusterAccess) {
      configuration.cluster = Configuration.Cluster(access: access, context: context)
      if access == .inCluster, context != nil {
        reader.report("kubeContext", root.mapping["kubeContext"], "means something with a kubeconfig only")
      }
    } else if context != nil, root.mapping["kubeconfig"] == nil {
      reader.report("kubeContext", root.mapping["kubeContext"], "means something with a kubeconfig only")
    }
  }

  private static func readLifecycle(
    _ root: ConfigurationReader.Section, _ configuration: inout Configuration, _ reader: inout ConfigurationReader
  ) {
    configuration.insecureWipe = reader.value("insecureWipe", of: root, default: configuration.insecureWipe, .flag)
    configuration.serverRebootTimeoutSeconds = reader.value(
      "serverRebootTimeout", of: root, default: configuration.serverRebootTimeoutSeconds, .seconds)
    configuration.restartIntervalSeconds = reader.value(
      "restartInterval", of: root, default: configuration.restartIntervalSeconds, .shortSeconds)
    configuration.bootFromDiskMethod = reader.value(
      "bootFromDiskMethod", of: root, default: configuration.bootFromDiskMethod, .choice)
    configuration.ipmiPXEMethod = reader.value(
      "ipmiPxeMethod", of: root, default: configuration.ipmiPXEMethod, .choice)
    configuration.cacheSizeLimitBytes = reader.value(
      "cacheSizeLimit", of: root, default: configuration.cacheSizeLimitBytes, .bytes)
    configuration.assetCA = reader.optional("assetCa", of: root, .absolutePath)
    configuration.configdataAccess = reader.value(
      "configdataAccess", of: root, default: configuration.configdataAccess, .choice)
    let siderolink = reader.section("siderolink", of: root)
    reader.refuseUnknownKeys(in: siderolink, known: ["endpoint"])
    configuration.sideroLinkEndpoint = reader.optional("endpoint", of: siderolink, .text)
  }
}
