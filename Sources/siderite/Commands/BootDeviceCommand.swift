import ArgumentParser
import BareMetal

/// `siderite bootdev`
struct BootDeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bootdev",
    abstract: "Say what machines boot next.",
    discussion: """
      pxe, disk, cd and setup hold for the next boot, or for every boot with
      --persistent; none takes that back; show asks what is set.

      Exit codes: as of 'siderite power'.

      Examples:
        siderite bootdev pxe --uefi --selector rack=3
        siderite bootdev setup --host 10.0.0.7 --user admin --password-file f
        siderite bootdev show --all
      """)

  /// What can be said.
  enum Device: String, ExpressibleByArgument, CaseIterable {
    case pxe, disk, cd, setup, none, show
  }

  @Argument(help: "pxe, disk, cd, setup, none or show.") var device: Device
  @Flag(help: "For every boot from now on.") var persistent = false
  @Flag(help: "Start in UEFI mode.") var uefi = false
  @Flag(help: "Start in BIOS mode.") var bios = false
  @Flag(help: "Also machines that are not accepted.") var force = false
  @OptionGroup var targets: TargetOptions

  func validate() throws {
    guard !(uefi && bios) else { throw ValidationError("--uefi or --bios, not both") }
    guard device != .show || !(persistent || uefi || bios) else { throw ValidationError("show takes no other options") }
  }

  func run() async throws {
    let request = BootOverride.Device(rawValue: device.rawValue).map { device in
      BMCRequest.setBoot(BootOverride(device, isPersistent: persistent, mode: uefi ? .uefi : bios ? .bios : nil))
    }
    try await targets.ask(request ?? .boot, force: force)
  }
}
