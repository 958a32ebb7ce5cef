import ArgumentParser

/// `siderite serve`
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "serve", abstract: "Run the daemon.")
  @OptionGroup var options: ConfigurationOptions
  func run() async throws { _ = try options.load() }
}
