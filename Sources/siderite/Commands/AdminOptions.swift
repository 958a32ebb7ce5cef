import ArgumentParser
import FoundationEssentials

/// How a command finds the daemon.
struct AdminOptions: ParsableArguments {
  @Option(help: "The daemon's Unix socket. (default: $SIDERITE_ADMIN_SOCKET, or /run/siderite/siderite.sock)")
  var adminSocket: String?

  var socket: String {
    adminSocket ?? ProcessInfo.processInfo.environment[ConfigurationKey.adminSocket.variable]
      ?? Configuration().adminSocket
  }

  /// Runs `body`; its failure is one line on standard error and an exit code: 69 no daemon, `refused` anything else.
  func withClient(refused: ExitCode = .failure, _ body: (AdminClient) async throws -> Void) async throws {
    do {
      try await AdminClient.withClient(socket: socket, body)
    } catch let failure as AdminClient.Failure {
      Terminal.error(failure.description)
      for cause in failure.causes { Terminal.error("  \(cause.field): \(cause.message)") }
      throw failure.isUnreachable ? ExitCode.unavailable : refused
    }
  }
}
