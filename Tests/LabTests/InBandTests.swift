import BareMetal
import Foundation
import HTTPServices
import Logging
import SQLiteStore
import ServiceLifecycle
import Synchronization
import Testing
import Wire

extension RackTests {
  /// Real parts on both sides of one BMC: the agent at the machine's own interface, `ipmitool` on the network.
  @Suite("A BMC from inside")
  struct InBandTests {
    @Test("The agent of an accepted machine sets up its BMC, and the boot host logs in with what it handed out")
    func setUp() async throws {
      let (script, host) = try await boot(accepted: true)
      try #require(script.status == 0, "\(script.tail)")
      let bmc = try #require(try await host.server()?.spec.bmc, "\(script.tail)\n\(host.messages)")
      #expect(script.text.contains("BMC set up: user sidero at \(bmc.endpoint) (channel 1)"), "\(script.tail)")
      #expect(script.text.contains("3 sidero true false true ADMINISTRATOR"), "\(script.tail)")
      #expect(bmc.port == 623)
      let place = try #require(bmc.passFrom?.secretKeyRef)
      let secret = try #require(
        try await host.secrets.secret(SecretName(namespace: place.namespace, name: place.name)))
      #expect(secret["user"] == Secret("sidero"))
      #expect(host.logins == ["\(bmc.endpoint):623 as sidero: on"])
      #expect(host.messages.contains("its BMC is set up and answers at \(bmc.endpoint):623"))
      let password = try #require(secret["pass"]).exposedText
      #expect(!(script.output + host.messages.joined()).contains(password))
    }

    @Test("Of a machine that nobody accepted the BMC is told of, and nothing is written to it")
    func notAccepted() async throws {
      let (script, host) = try await boot(accepted: false)
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("(channel 1), IPMI 2.0, firmware 9.08"), "\(script.tail)")
      #expect(host.messages.contains { $0.hasPrefix("BMC at 127.") && $0.contains("(channel 1)") })
      #expect(!script.text.contains("sidero true"), "\(script.tail)")
      #expect(try await host.server()?.spec.bmc == nil)
      #expect(host.logins.isEmpty)
    }

    @Test("A machine without a BMC boots as ever, and that is told")
    func without() async throws {
      let (script, host) = try await boot(accepted: true, "--no-bmc")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("no BMC found in-band"), "\(script.tail)")
      #expect(host.messages.contains("no BMC found in-band"))
      #expect(script.text.contains("switching off"), "\(script.tail)")
    }

    /// Boots the machine of `tools/lab/in-band` against a boot plane of this process.
    private func boot(accepted: Bool, _ arguments: String...) async throws -> (LabScript, LoopbackHost) {
      let host = try LoopbackHost()
      let script = try await host.serving(accepted: accepted) { port in
        try await LabScript.run("in-band", ["--port", "\(port)"] + arguments)
      }
      return (script, host)
    }
  }
}

/// Somebody else's client as the way to look whether the user works.
struct InBandController: PowerController {
  let method: ManagementMethod
  let log: @Sendable (String) -> Void

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    guard case .ipmi(let access) = method, request == .powerStatus else {
      throw BMCFailure(.unsupported, "not in this test")
    }
    let output = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          returning: Result {
            try Command.run(
              "timeout", "20", "ipmitool", "-I", "lanplus", "-C", "3", "-H", access.host, "-p", "\(access.port)", "-U",
              access.credentials.user, "-P", access.credentials.password.exposedText, "chassis", "power", "status")
          })
      }
    }
    guard case .success(let text) = output, text.hasPrefix("Chassis Power is ") else {
      throw BMCFailure(.wrongPassword, "ipmitool cannot log in")
    }
    let state: PowerState = text.contains(" is on") ? .on : .off
    log("\(access.host):\(access.port) as \(access.credentials.user): \(state.rawValue)")
    return .power(state)
  }
}
