import ArgumentParser
import BareMetal
import FoundationEssentials
import Kubernetes
import Logging
import SQLiteStore

/// `siderite migrate`
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Take over a running Sidero, or move between the embedded store and a cluster.",
    discussion: """
      Says what would be done, and does nothing, unless with --execute. Nothing is
      destroyed: what was there stays, what is there already is not overwritten,
      Servers in use stay in use, and no machine is switched or wiped.

      --from-sidero: Sidero's objects stay where they are, in the cluster; looked
      at is whether its controllers are stopped and its kinds are served. Each
      Server is noted to be looked after by the boot host (--boot-host), and each
      ServerBinding is held, so that its deletion is a release.
      --to-cluster: copies the resources of the state directory, and the BMCs'
      credentials, into the cluster. --from-cluster: the other way. The daemon
      must be stopped; afterwards it is started with, or without, the key
      kubeconfig. Machine configurations and tokens stay in the state directory.

      Exit codes: 0 done, or nothing stands in the way; 1 something does, or some
      were not copied; 64 wrong usage; 66 no kubeconfig; 69 the cluster or the
      state directory is out of reach.

      Examples:
        siderite migrate --from-sidero --kubeconfig ~/.kube/config
        siderite migrate --from-sidero --kubeconfig ~/.kube/config \\
          --boot-host boot-1 --execute
        siderite migrate --to-cluster --kubeconfig k.yaml --boot-host boot-1
      """)

  @Flag(help: "Take over Sidero's objects, in the cluster.") var fromSidero = false
  @Flag(help: "From the state directory into the cluster.") var toCluster = false
  @Flag(help: "From the cluster into the state directory.") var fromCluster = false
  @Option(help: ArgumentHelp("The cluster's kubeconfig.", valueName: "file")) var kubeconfig: String
  @Option(help: ArgumentHelp("Its context.", valueName: "name")) var context: String?
  @Option(help: "The embedded store's directory.") var stateDirectory = Configuration().stateDirectory
  @Option(help: "The boot host that looks after the machines from now on.") var bootHost: String?
  @Flag(help: "Do it.") var execute = false

  func validate() throws {
    guard [fromSidero, toCluster, fromCluster].count(where: { $0 }) == 1 else {
      throw ValidationError("say one of --from-sidero, --to-cluster and --from-cluster")
    }
    if let bootHost, ConfigurationForm<String>.hostName.read(bootHost) == nil {
      throw ValidationError("--boot-host is \(ConfigurationForm<String>.hostName.expected)")
    }
    guard !execute || bootHost != nil || fromCluster else {
      throw ValidationError("--execute: say which boot host looks after the machines, with --boot-host")
    }
  }

  func run() async throws {
    let logger = Logger(label: "siderite") { _ in SwiftLogNoOpLogHandler() }
    do {
      let access: Configuration.Cluster.Access = kubeconfig == "in-cluster" ? .inCluster : .file(kubeconfig)
      let cluster = try ManagementCluster(
        Configuration.Cluster(access: access, context: context), host: bootHost ?? "", logger: logger)
      let result = await Result { () async throws in
        if fromSidero { try await takeOver(cluster) } else { try await copy(cluster) }
      }
      await cluster.close()
      try result.get()
    } catch let error as KubeconfigError {
      Terminal.error(error.description)
      throw ExitCode.noInput
    } catch let error as KubernetesError {
      Terminal.error(error.description)
      throw ExitCode.unavailable
    } catch let error as StoreError {
      Terminal.error(error.description)
      throw ExitCode.unavailable
    }
  }

  // MARK: From Sidero

  private func takeOver(_ cluster: ManagementCluster) async throws {
    let takeover = SideroTakeover(client: cluster.client, store: cluster.resources)
    let findings = try await takeover.findings()
    for finding in findings { print("\(finding.verdict.rawValue.padded(to: 8))  \(finding.message)") }
    let obstacles = findings.count { $0.verdict == .obstacle }
    guard obstacles == 0 else {
      Terminal.error("nothing was changed: \(obstacles) \(obstacles == 1 ? "thing stands" : "things stand") in the way")
      throw ExitCode.failure
    }
    let servers = try await takeover.unseen()
    let bindings = try await cluster.resources.list(ServerBindingKind.self).items
      .filter { $0.metadata.finalizers?.contains(ServerBinding.releaseFinalizer) != true }
    let host = bootHost ?? "(--boot-host)"
    for server in servers {
      if execute, let bootHost { try await takeover.assign(server.metadata.name, to: bootHost) }
      print("\(execute ? "done    " : "would   ")  server/\(server.metadata.name) is looked after by \(host)")
    }
    for binding in bindings {
      if execute { try await takeover.hold(binding.metadata.name) }
      print("\(execute ? "done    " : "would   ")  serverbinding/\(binding.metadata.name) is held until it is released")
    }
    print(
      execute
        ? "taken over: start the daemon with kubeconfig: and bootHost: \(host)"
        : "dry run: nothing was changed; --execute does it")
  }

  // MARK: Between stores

  private func copy(_ cluster: ManagementCluster) async throws {
    // Fails when the daemon runs: the files are its alone.
    let store = try SQLiteResourceStore(path: "\(stateDirectory)/resources.sqlite", now: { .now })
    defer { store.close() }
    let secrets = try SQLiteSecretStore(path: "\(stateDirectory)/secrets.sqlite")
    defer { secrets.close() }
    let own = ClusterSecrets(own: secrets, shared: cluster.secrets)
    let copy = StoreCopy(
      source: toCluster ? store : cluster.resources, target: toCluster ? cluster.resources : store,
      sourceSecrets: toCluster ? secrets : own, targetSecrets: toCluster ? own : secrets,
      bootHost: toCluster ? bootHost : nil, isDryRun: !execute)
    var counts: [String: Int] = [:]
    var wrong = 0
    try await copy.run { step in
      let title = "\(step.kind.lowercased())/\(step.name)"
      switch step.outcome {
      case .copied:
        counts[step.kind, default: 0] += 1
        print("\(title) \(execute ? "copied" : "would be copied")")
      case .present: print("\(title) is there already")
      case .different(let how):
        wrong += 1
        print("\(title) is there already, but \(how): it stays as it is")
      case .failed(let why):
        wrong += 1
        print("\(title) is not copied: \(why)")
      }
    }
    let summary = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    print(
      (summary.isEmpty ? "nothing" : summary) + (execute ? " copied" : " would be copied: a dry run; --execute does it")
    )
    if wrong > 0 { throw ExitCode.failure }
  }
}

/// The Secrets of a boot host with a cluster: its own here, the others there.
private struct ClusterSecrets: SecretStore {
  let own: any SecretStore
  let shared: any SecretStore

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    try await name.isOfThisHost ? own.secret(name) : shared.secret(name)
  }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    if name.isOfThisHost {
      try await own.setSecret(name, to: values)
    } else {
      try await shared.setSecret(name, to: values)
    }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Result where Failure == any Error {
  /// What the body gives, or its error.
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
