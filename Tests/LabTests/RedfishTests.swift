import BareMetal
import Foundation
import Testing

@testable import BMC

/// A Redfish service that somebody else wrote: OpenStack's emulator, with machines that exist in its memory only.
///
/// They take from 1 to 11 seconds to be on or off, as real ones.
@Suite("Redfish with sushy-tools", .serialized)
struct RedfishTests {
  static let first = "27946b59-9e44-4fa7-8e91-f3527a1ef094"
  static let second = "58893887-8974-2487-2389-841168418919"

  /// The emulator, while it runs.
  private final class Emulator {
    private(set) var url = ""
    private let directory: URL
    private let process: pid_t

    init(systems: [String], protection: (user: String, password: String)? = nil, isEncrypted: Bool = false) throws {
      let caches =
        ProcessInfo.processInfo.environment["XDG_CACHE_HOME"]
        ?? (ProcessInfo.processInfo.environment["HOME"] ?? "") + "/.cache"
      let binaries = "\(caches)/siderite/python/bin"
      guard FileManager.default.isExecutableFile(atPath: "\(binaries)/sushy-emulator") else {
        throw Command.Failure(description: "there is no \(binaries)/sushy-emulator: run tools/lab/python-peers")
      }
      directory = FileManager.default.temporaryDirectory.appending(path: "siderite-redfish.\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      let machines = systems.map { "{'uuid': '\($0)', 'name': 'm-\($0.prefix(4))', 'power_state': 'Off', 'nics': []}" }
      var configuration = """
        SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'
        SUSHY_EMULATOR_LISTEN_PORT = 0
        SUSHY_EMULATOR_STATE_DIR = '\(directory.path)'
        SUSHY_EMULATOR_FAKE_SYSTEMS = [\(machines.joined(separator: ", "))]

        """
      if let protection {
        let hash = try Command.run(
          "\(binaries)/python", "-c",
          "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())",
          protection.password)
        let file = directory.appending(path: "users")
        try Data("\(protection.user):\(hash)".utf8).write(to: file)
        configuration += "SUSHY_EMULATOR_AUTH_FILE = '\(file.path)'\n"
      }
      if isEncrypted {
        let (key, certificate) = (directory.path + "/key.pem", directory.path + "/certificate.pem")
        try Command.run(
          "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-keyout",
          key, "-out", certificate)
        configuration += "SUSHY_EMULATOR_SSL_KEY = '\(key)'\nSUSHY_EMULATOR_SSL_CERT = '\(certificate)'\n"
      }
      let file = directory.appending(path: "emulator.conf")
      try Data(configuration.utf8).write(to: file)
      let log = directory.path + "/log"
      process = try Command.start(
        ["\(binaries)/sushy-emulator", "--fake", "--config", file.path], environment: ["PYTHONUNBUFFERED": "1"],
        output: log)
      // From here on, `deinit` ends it also when this throws.
      try Command.run("timeout", "30", "sh", "-c", "until grep -qs 'Running on http' \(log); do sleep 0.1; done")
      url =
        try Command.run("grep", "-o", "https*://127.0.0.1:[0-9]*", log).split(separator: "\n").first.map(String.init)
        ?? ""
    }

    deinit {
      kill(process, SIGKILL)
      Command.wait(for: process)
      try? FileManager.default.removeItem(at: directory)
    }
  }

  private func with<Value>(
    _ access: RedfishAccess, _ body: (any PowerController) async throws -> Value
  ) async throws -> Value {
    let drivers = HTTPDrivers()
    do {
      let value = try await body(drivers.redfish(access))
      await drivers.close()
      return value
    } catch {
      await drivers.close()
      throw error
    }
  }

  @Test("a machine is switched on, cycled, reset and switched off, and told what to boot", .timeLimit(.minutes(3)))
  func machine() async throws {
    let emulator = try Emulator(systems: [Self.first])
    try await with(RedfishAccess(baseURL: emulator.url)) { (machine) async throws in
      #expect(try await machine.powerState() == .off)
      try await machine.setBoot(BootOverride(.pxe, mode: .uefi))
      guard case .boot(let boot) = try await machine.perform(.boot) else {
        throw Command.Failure(description: "no boot")
      }
      // The emulator keeps every override for good, whatever it is asked.
      #expect(boot == BootOverride(.pxe, isPersistent: true, mode: .uefi))
      try await machine.setBoot(BootOverride(.cd, mode: .bios))
      guard case .boot(let other) = try await machine.perform(.boot) else {
        throw Command.Failure(description: "no boot")
      }
      #expect(other == BootOverride(.cd, isPersistent: true, mode: .bios))

      #expect(try await machine.power(.on) == .on)
      try await machine.power(.cycle)
      #expect(try await machine.power(.on) == .on)
      try await machine.power(.reset, waits: false)
      try await machine.power(.on)
      #expect(try await machine.power(.soft) == .off)
      let failure = await #expect(throws: BMCFailure.self) { try await machine.power(.reset) }
      #expect(failure?.kind == .refused)
    }
  }

  @Test("what it says of itself and of the machine", .timeLimit(.minutes(1)))
  func reports() async throws {
    let emulator = try Emulator(systems: [Self.first])
    try await with(RedfishAccess(baseURL: emulator.url)) { (machine) async throws in
      guard case .information(let information) = try await machine.perform(.information),
        case .inventory(let parts) = try await machine.perform(.inventory),
        case .sensors(let sensors) = try await machine.perform(.sensors)
      else { throw Command.Failure(description: "another answer") }
      #expect(information.version == "Redfish 1.5.0")
      #expect(information.firmware == "1.00")
      #expect(information.protection == "none")
      #expect(parts.first?.part == "system")
      #expect(
        parts.contains { $0.part == "chassis" && $0.serialNumber == "437XR1138R2" && $0.manufacturer == "Contoso" })
      #expect(
        sensors.contains(SensorReading(name: "CPU Temp", kind: "temperature", value: 41, unit: "°C", health: .ok)))
      #expect(sensors.contains { $0.kind == "fan" && $0.value == 2100 && $0.unit == "RPM" })
      for request in [BMCRequest.eventLog, .clearEventLog, .users] {
        let failure = await #expect(throws: BMCFailure.self) { try await machine.perform(request) }
        #expect(failure?.kind == .unsupported)
      }
    }
  }

  @Test("of several machines one must be named", .timeLimit(.minutes(1)))
  func several() async throws {
    let emulator = try Emulator(systems: [Self.first, Self.second])
    try await with(RedfishAccess(baseURL: emulator.url)) { (machine) async throws in
      let failure = await #expect(throws: BMCFailure.self) { try await machine.powerState() }
      #expect(failure?.kind == .misconfigured)
      #expect(failure?.message.contains(Self.second) == true)
    }
    var access = RedfishAccess(baseURL: emulator.url)
    access.system = Self.second
    let state = try await with(access) { try await $0.powerState() }
    #expect(state == .off)
  }

  @Test("a password is needed; a wrong one is tried once", .timeLimit(.minutes(1)))
  func passwords() async throws {
    let emulator = try Emulator(systems: [Self.first], protection: ("admin", "secret"))
    func kind(_ machine: any PowerController) async -> BMCFailure.Kind? {
      do {
        _ = try await machine.powerState()
        return nil
      } catch { return error.kind }
    }
    let wrong = Credentials(user: "admin", password: Secret("guess"))
    let right = Credentials(user: "admin", password: Secret("secret"))
    try await with(RedfishAccess(baseURL: emulator.url)) { #expect(await kind($0) == .misconfigured) }
    try await with(RedfishAccess(baseURL: emulator.url, credentials: wrong)) { (machine) async throws in
      #expect(await kind(machine) == .wrongPassword)
      #expect(await kind(machine) == .lockedOut)
    }
    try await with(RedfishAccess(baseURL: emulator.url, credentials: right)) { #expect(await kind($0) == nil) }
  }

  @Test("a certificate that nobody vouches for is accepted only when that is allowed", .timeLimit(.minutes(1)))
  func certificate() async throws {
    let emulator = try Emulator(systems: [Self.first], isEncrypted: true)
    var access = RedfishAccess(baseURL: emulator.url)
    try await with(access) { (machine) async throws in
      let failure = await #expect(throws: BMCFailure.self) { try await machine.powerState() }
      #expect(failure?.kind == .misconfigured)
      #expect(failure?.message.contains("certificate") == true)
    }
    access.allowsUnknownCertificate = true
    try await with(access) { (machine) async throws in
      #expect(try await machine.powerState() == .off)
      guard case .information(let information) = try await machine.perform(.information) else { return }
      #expect(information.protection == "HTTPS, certificate not verified")
    }
  }
}
