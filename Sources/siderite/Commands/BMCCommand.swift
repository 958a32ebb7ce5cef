import ArgumentParser
import BareMetal

/// `siderite bmc`
struct BMCCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bmc",
    abstract: "Ask machines' management controllers, and set how they are reached.",
    discussion: """
      Exit codes: as of 'siderite power'.

      Examples:
        siderite bmc info --all
        siderite bmc sensors --host 10.0.0.7 --user admin --password-file f
        siderite bmc set 4c4c4544-0031 --endpoint 10.0.0.7 --user admin
      """,
    subcommands: [
      Information.self, EventLog.self, Sensors.self, Inventory.self, Users.self, Identify.self, Set.self, Unset.self,
    ])

  struct Information: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "info", abstract: "What the controller is.")
    @OptionGroup var targets: TargetOptions
    func run() async throws { try await targets.ask(.information) }
  }

  struct EventLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sel", abstract: "The controller's event log.",
      discussion: "With --clear it is emptied; not of allocated or unaccepted Servers, unless forced.")
    @Flag(help: "Empty it.") var clear = false
    @Flag(help: "With --clear: also machines that are allocated or not accepted.") var force = false
    @OptionGroup var targets: TargetOptions
    func run() async throws { try await targets.ask(clear ? .clearEventLog : .eventLog, force: force) }
  }

  struct Sensors: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sensors", abstract: "Temperatures, fans, voltages, power.")
    @OptionGroup var targets: TargetOptions
    func run() async throws { try await targets.ask(.sensors) }
  }

  struct Inventory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fru", abstract: "Parts and their serial numbers, as the controller has them.")
    @OptionGroup var targets: TargetOptions
    func run() async throws { try await targets.ask(.inventory) }
  }

  struct Users: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "users", abstract: "The controller's users.")
    @OptionGroup var targets: TargetOptions
    func run() async throws { try await targets.ask(.users) }
  }

  struct Identify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "identify", abstract: "Blink the machine's light, to find it in the rack.")
    @Option(help: "For how long; 0 ends it.") var seconds: UInt8 = 15
    @OptionGroup var targets: TargetOptions
    func run() async throws { try await targets.ask(.identify(seconds: seconds)) }
  }
}
