import BareMetal
import FoundationEssentials
import Glibc
import LinuxSystem

/// `/init` of the discovery initramfs. Started by anything but the kernel it prints what it would report, and ends.
@main
struct SideriteAgent {
  static func main() async throws {
    guard getpid() == 1 else { return try printReport() }
    let commandLine = (try? FileDescriptor.contents(of: "/proc/cmdline", limit: 64 << 10)) ?? nil
    var agent = Agent(arguments: BootArguments(commandLine: String(decoding: commandLine ?? [], as: UTF8.self)))
    await agent.run()
  }

  private static func printReport() throws {
    let (hardware, _, problems) = HardwareInformation.read()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(hardware), as: UTF8.self))
    for problem in problems { print("# \(problem)") }
  }
}
