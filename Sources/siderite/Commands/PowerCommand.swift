import ArgumentParser
import BareMetal

/// `siderite power`
struct PowerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "power",
    abstract: "Ask for machines' power, and switch them.",
    discussion: """
      on     switches on
      off    cuts the power at once
      cycle  off for a moment and on, as the BMC does it; a machine that is off
             is switched on
      reset  restarts without cutting power; a machine that is off stays off
      soft   asks the operating system to shut down

      On, off and soft wait until the machine is seen so, unless with --no-wait.
      Cycle and reset are done when the BMC has confirmed them.

      Servers are asked by the daemon, addresses (--host) from here. Machines
      that are not accepted are not switched, and allocated ones only on, unless
      with --force.

      Exit codes: 0 all went well, 1 some failed, 2 none succeeded, 64 wrong
      usage, 69 no daemon, 130 interrupted.

      Examples:
        siderite power status --all
        siderite power cycle 4c4c4544-0031-3510-8051-b4c04f4d3232
        siderite power on --selector rack=3 -o json
        siderite power off --host '10.0.0.[1-40]' --user admin --password-file f
      """)

  /// What can be said.
  enum Verb: String, ExpressibleByArgument, CaseIterable {
    case status, on, off, cycle, reset, soft
  }

  @Argument(help: "status, on, off, cycle, reset or soft.") var action: Verb
  @Flag(inversion: .prefixedNo, help: "Wait until the machine is seen on or off, as asked.") var wait = true
  @Flag(help: "Also machines that are allocated or not accepted.") var force = false
  @OptionGroup var targets: TargetOptions

  func run() async throws {
    let request = PowerAction(rawValue: action.rawValue).map { BMCRequest.power($0, waits: wait) }
    try await targets.ask(request ?? .powerStatus, force: force)
  }
}
