import Testing
import Wire

@testable import siderite_agent

@Suite("The agent's kernel command line")
struct BootArgumentsTests {
  @Test("Sidero's names are read, everything else passed over")
  func names() {
    let arguments = BootArguments(
      commandLine:
        "console=tty0 quiet initrd=initramfs.xz sidero.mac=52:54:00:12:34:56 sidero.endpoint=10.77.0.1:8081 x=y=z\n")
    #expect(arguments.mac == MACAddress("52:54:00:12:34:56"))
    #expect(arguments.endpoint?.address == IPAddress("10.77.0.1"))
    #expect(arguments.endpoint?.port == 8081)
    #expect(arguments.unreadableEndpoint == nil)
  }

  @Test("An endpoint may be an IPv6 address in brackets")
  func ipv6() {
    let arguments = BootArguments(commandLine: "sidero.endpoint=[fd77::1]:8081")
    #expect(arguments.endpoint?.address == IPAddress("fd77::1"))
    #expect(arguments.endpoint?.description == "[fd77::1]:8081")
  }

  @Test("The last of a name counts")
  func last() {
    let arguments = BootArguments(commandLine: "sidero.endpoint=nonsense sidero.endpoint=10.0.0.2:80")
    #expect(arguments.endpoint?.description == "10.0.0.2:80")
    #expect(arguments.unreadableEndpoint == nil)
  }

  @Test(
    "An endpoint that cannot be used is kept to be shown",
    arguments: [
      "boot.example:80", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "::1:80", "[::1]", "[10.0.0.1]:80", "[::1]:0",
    ])
  func unreadable(text: String) {
    let arguments = BootArguments(commandLine: "sidero.endpoint=\(text)")
    #expect(arguments.endpoint == nil)
    #expect(arguments.unreadableEndpoint == text)
  }

  @Test("Without any of it there is nothing", arguments: ["", "sidero.mac", "sidero.mac=", "sidero.mac=zz", "=x"])
  func empty(text: String) {
    #expect(BootArguments(commandLine: text) == BootArguments(commandLine: ""))
  }
}
