import ArgumentParser

/// `siderite check-config`
struct CheckConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config",
    abstract: "Check the configuration and report every problem at once.",
    discussion: """
      Exits with 0 when it is valid and 78 when it is not. Nothing is started or changed.

      Example:
        siderite check-config --config ./siderite.yaml
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() throws {
    let configuration = try options.load()
    let interfaces = configuration.interfaces.map { "\($0.name) (\($0.mode.rawValue))" }
    print("valid: serves \(interfaces.isEmpty ? "no interface yet" : interfaces.joined(separator: ", "))")
  }
}
