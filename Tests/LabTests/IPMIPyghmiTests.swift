import BMC
import BareMetal
import Foundation
import Glibc
import Testing

extension RackTests {
  /// pyghmi's BMC: another author's reading of IPMI 2.0. It has power, boot flags and a console, and suite 3 only.
  @Suite("pyghmi's BMC")
  struct IPMIPyghmiTests {
    @Test("power, boot device and console work, whatever else we ask first", .timeLimit(.minutes(1)))
    func everything() async throws {
      let bmc = try PyghmiBMC()
      try await withFleet { fleet async throws in
        let machine = fleet.controller(for: .ipmi(bmc.access()))
        #expect(try await machine.powerState() == .off)
        #expect(try await machine.power(.on) == .on)
        #expect(bmc.log.contains("powered on"))
        try await machine.setBoot(BootOverride(.pxe))
        guard case .boot(let override) = try await machine.perform(.boot) else {
          throw Command.Failure(description: "no boot device")
        }
        #expect(override?.device == .pxe)

        let console = try await machine.openConsole(takingOver: false)
        try await console.type(Array("hello".utf8))
        var echoed = [UInt8]()
        for await output in console.output {
          if case .bytes(let bytes) = output { echoed += bytes }
          if echoed.count >= 5 { break }
        }
        #expect(String(decoding: echoed, as: UTF8.self) == "hello")
        await console.close()

        #expect(try await machine.power(.soft) == .off)
        #expect(bmc.log.contains("politely shut down"))
        // It knows no power cycle: ours is off and on.
        #expect(try await machine.power(.on) == .on)
        #expect(try await machine.power(.cycle) == .on)
        #expect(try await machine.power(.off) == .off)
        #expect(bmc.log.contains("abruptly remove power"))
      }
    }

    @Test("what it does not have is told as that")
    func missing() async throws {
      let bmc = try PyghmiBMC()
      try await withFleet { fleet async throws in
        for request in [BMCRequest.eventLog, .users] {
          #expect(await failure(of: fleet, bmc.access(), request)?.kind == .unsupported, "\(request)")
        }
      }
    }

    @Test("a wrong password is told as that", .timeLimit(.minutes(1)))
    func wrongPassword() async throws {
      let bmc = try PyghmiBMC()
      try await withFleet { fleet async throws in
        let refusal = await failure(of: fleet, bmc.access(password: "wrong"))
        #expect(refusal?.kind == .wrongPassword, "\(String(describing: refusal))")
      }
    }
  }
}

/// `python -m pyghmi.cmd.fakebmc`, for the time of a test.
private final class PyghmiBMC {
  private let port: UInt16
  private let process: pid_t
  private let file: URL

  init() throws {
    let tools = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "tools/lab/python-peers").path
    let said = try Command.run(tools).split(separator: "\n").last.map(String.init)
    guard let environment = said else { throw Command.Failure(description: "tools/lab/python-peers says nothing") }
    port = try Self.freePort()
    file = FileManager.default.temporaryDirectory.appending(path: "siderite-lab.pyghmi.\(UUID().uuidString)")
    process = try Command.start(
      ["\(environment)/bin/python", "-u", "-m", "pyghmi.cmd.fakebmc", "--port", "\(port)"], output: file.path)
    // It answers no presence ping: ask for its power, as somebody else.
    for _ in 0..<100 {
      let asked = try? Command.run(
        "ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", "\(port)", "-U", "admin", "-P", "password",
        "-N", "1", "-R", "1", "chassis", "power", "status")
      if asked != nil { return }
    }
    throw Command.Failure(description: "no answer: \(log)")
  }

  deinit {
    kill(process, SIGKILL)
    Command.wait(for: process)
    try? FileManager.default.removeItem(at: file)
  }

  func access(password: String = "password") -> IPMIAccess {
    IPMIAccess(
      host: "127.0.0.1", port: port, credentials: Credentials(user: "admin", password: Secret(password)))
  }

  /// What it printed.
  var log: String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

  /// One that nobody has now. It takes a number only, and listens on every address.
  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) + getsockname(descriptor, $0, &length)
      }
    }
    guard status == 0 else { throw Command.Failure(description: "no port: \(errno)") }
    return UInt16(bigEndian: address.sin6_port)
  }
}
