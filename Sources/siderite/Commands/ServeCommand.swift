import ArgumentParser
import FoundationEssentials
import LinuxSystem

/// `siderite serve`
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the daemon.",
    discussion: """
      Stays in the foreground and logs to standard error; systemd runs it as siderite.service. Needs the capabilities
      CAP_NET_RAW and CAP_NET_BIND_SERVICE, or root. Exits with 78 when the configuration does not fit.

      Examples:
        siderite serve --config ./siderite.yaml
        siderite serve --interfaces '[{name: eth1, mode: proxy}]' --state-directory /tmp/siderite
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    HeapMemory.keepSmall()
    let configuration = try options.load()
    let notifier = ServiceNotifier(socketPath: ProcessInfo.processInfo.environment["NOTIFY_SOCKET"])
    do {
      try await Daemon(configuration: configuration, notifier: notifier).run()
    } catch let error as InvalidConfiguration {
      Terminal.error("\(error)")
      throw ExitCode.invalidConfiguration
    } catch {
      Terminal.error("\(error)")
      throw ExitCode.failure
    }
  }
}
