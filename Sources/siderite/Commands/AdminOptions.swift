import ArgumentParser
import FoundationEssentials
import Kubernetes

/// How a command finds the daemon, or the cluster.
struct AdminOptions: ParsableArguments {
  @Option(help: "The daemon's Unix socket. (default: $SIDERITE_ADMIN_SOCKET, or /run/siderite/siderite.sock)")
  var adminSocket: String?
  @Option(help: ArgumentHelp("Ask the cluster of this kubeconfig, not the daemon.", valueName: "file"))
  var kubeconfig: String?
  @Option(help: ArgumentHelp("With --kubeconfig: its context.", valueName: "name"))
  var context: String?

  func validate() throws {
    guard context == nil || kubeconfig != nil else { throw ValidationError("--context goes with --kubeconfig") }
  }

  var socket: String {
    adminSocket ?? ProcessInfo.processInfo.environment[ConfigurationKey.adminSocket.variable]
      ?? Configuration().adminSocket
  }

  /// Runs `body`; its failure is one line on standard error and an exit code: 69 no daemon, `refused` anything else.
  /// - Parameter needsDaemon: what it is that only a boot host can do.
  func withClient(
    refused: ExitCode = .failure, needsDaemon: String? = nil, _ body: (AdminClient) async throws -> Void
  ) async throws {
    do {
      guard let cluster else { return try await AdminClient.withClient(socket: socket, body) }
      if let needsDaemon {
        Terminal.error("\(needsDaemon) needs the daemon: say it on the boot host that looks after the machine")
        throw ExitCode.validationFailure
      }
      try await ClusterSession.with(cluster, body)
    } catch let failure as AdminClient.Failure {
      Terminal.error(failure.description)
      for cause in failure.causes { Terminal.error("  \(cause.field): \(cause.message)") }
      throw failure.isUnreachable ? ExitCode.unavailable : refused
    } catch let error as KubeconfigError {
      Terminal.error(error.description)
      throw ExitCode.noInput
    }
  }

  /// The cluster that is meant, if one is.
  private var cluster: Configuration.Cluster? {
    kubeconfig.map {
      Configuration.Cluster(access: $0 == "in-cluster" ? .inCluster : .file($0), context: context)
    }
  }
}
