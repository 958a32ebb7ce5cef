import BMC
import BareMetal
import Foundation
import Glibc
import Logging
import Testing

extension RackTests {
  /// Our client, and BMCs that others wrote. What is expected comes from their configuration (tools/lab/bmc) and from
  /// what `ipmitool` makes of them.
  @Suite("Real BMCs")
  struct IPMIInteropTests {
    /// How a session is protected.
    struct Protection: CustomTestStringConvertible, Sendable {
      let testDescription: String
      /// What the BMC lets IPMI 1.5 do.
      var authentication = "none md2 md5 straight"
      var version = IPMIAccess.Version.version20
      var suites: [UInt8]?
      var isOpen = false

      static let all =
        [0, 1, 2, 3].map { Protection(testDescription: "suite \($0)", suites: [$0], isOpen: $0 == 0) } + [
          Protection(testDescription: "IPMI 1.5, MD5", authentication: "md5", version: .version15),
          Protection(
            testDescription: "IPMI 1.5, straight", authentication: "straight", version: .version15, isOpen: true),
          Protection(testDescription: "IPMI 1.5, none", authentication: "none", version: .version15, isOpen: true),
        ]

      func bmc() throws -> IPMISim { try IPMISim(authentication: authentication) }

      func access(to bmc: IPMISim) -> IPMIAccess {
        var access = bmc.access()
        access.version = version
        access.cipherSuites = suites
        access.allowsUnauthenticated = isOpen
        return access
      }
    }

    @Test("the machine is switched, and everybody sees it", arguments: Protection.all)
    func power(protection: Protection) async throws {
      let bmc = try protection.bmc()
      try await withFleet { fleet async throws in
        let machine = fleet.controller(for: .ipmi(protection.access(to: bmc)))
        #expect(try await machine.powerState() == .off)
        #expect(try await machine.power(.on) == .on)
        #expect(try bmc.takeSwitched() == ["power 1"])
        #expect(try bmc.ipmitool("chassis", "power", "status").contains("is on"))
        #expect(try await machine.power(.off) == .off)
        #expect(try bmc.takeSwitched() == ["power 0"])
        #expect(try bmc.ipmitool("chassis", "power", "status").contains("is off"))

        // Resetting what is off is no success.
        await #expect(throws: BMCFailure.self) { try await machine.power(.reset) }
        #expect(try bmc.takeSwitched().allSatisfy { $0 == "reset 1" })
        #expect(try !bmc.isOn)

        // The BMC's own: confirmed at once, and on a second later; also when it was off.
        for _ in 0..<2 {
          #expect(try await machine.power(.cycle) == .unknown)
          let limit = ContinuousClock.now + .seconds(10)
          while try await machine.powerState() != .on, .now < limit { await Task.yield() }
          let cycled = try bmc.takeSwitched()
          #expect(cycled == ["power 0", "power 1"])
        }
        // Nobody looks what came of a reset: the BMC has confirmed it.
        #expect(try await machine.power(.reset) != .off)
        #expect(try bmc.takeSwitched() == ["reset 1"])
        #expect(try await machine.power(.soft) == .off)
        #expect(try bmc.takeSwitched() == ["shutdown 1"])
        #expect(try bmc.ipmitool("chassis", "power", "status").contains("is off"))
      }
    }

    @Test("what the machine boots next is as asked", arguments: Protection.all)
    func boot(protection: Protection) async throws {
      let bmc = try protection.bmc()
      try await withFleet { fleet async throws in
        let machine = fleet.controller(for: .ipmi(protection.access(to: bmc)))
        let devices: [(BootOverride.Device, told: String, shown: String)] = [
          (.pxe, "boot pxe", "Force PXE"), (.disk, "boot default", "Force Boot from default Hard-Drive"),
          (.cd, "boot cdrom", "Force Boot from CD/DVD"), (.setup, "boot bios", "Force Boot into BIOS Setup"),
          (.none, "boot none", "No override"),
        ]
        for (device, told, shown) in devices {
          try await machine.setBoot(BootOverride(device))
          #expect(try bmc.takeSwitched() == [told])
          #expect(try bmc.ipmitool("chassis", "bootparam", "get", "5").contains(shown), "\(device)")
        }
      }
    }

    @Test("sensors, parts and events are those that the BMC was given", arguments: Protection.all)
    func inventory(protection: Protection) async throws {
      let bmc = try protection.bmc()
      try await withFleet { fleet async throws in
        let machine = fleet.controller(for: .ipmi(protection.access(to: bmc)))
        let sensors = try await machine.sensors()
        let byName = Dictionary(grouping: sensors, by: \.name).compactMapValues(\.first)
        #expect(Set(byName.keys) == ["Inlet Temp", "Fan 1", "12V", "CPU Temp", "PSU 1"])
        #expect(byName["Inlet Temp"]?.value == 25)
        #expect(byName["Inlet Temp"]?.unit == "°C")
        #expect(byName["Inlet Temp"]?.health == .ok)
        #expect(byName["Fan 1"]?.value == 4800)
        #expect(byName["Fan 1"]?.unit == "RPM")
        #expect(byName["12V"]?.value.map { ($0 * 1000).rounded() } == 12028)
        #expect(byName["12V"]?.unit == "V")
        #expect(byName["CPU Temp"]?.value == 95)
        #expect(byName["CPU Temp"]?.health == .critical)
        #expect(byName["PSU 1"]?.value == nil)
        #expect(byName["PSU 1"]?.states.count == 2)

        let parts = try await machine.inventory()
        let chassis = try #require(parts.first { $0.part.hasPrefix("chassis") })
        #expect(chassis.partNumber == "LAB-CH-1U")
        #expect(chassis.serialNumber == "CH-0001")
        let board = try #require(parts.first { $0.part.hasPrefix("board") })
        #expect(board.manufacturer == "Foundry Works")
        #expect(board.product == "Anvil Board")
        #expect(board.serialNumber == "BRD-0001")
        #expect(board.partNumber == "FW-BRD-100")
        let product = try #require(parts.first { $0.part.hasPrefix("product") })
        #expect(product.manufacturer == "Foundry Works")
        #expect(product.product == "Anvil 100")
        #expect(product.version == "1.0")
        #expect(product.serialNumber == "FW-BMC-0001")
        #expect(product.assetTag == "ASSET-7")

        let events = try await machine.eventLog()
        #expect(events.count == 2)
        #expect(events.allSatisfy { !$0.isDeassertion })
        #expect(events.first?.subject.localizedCaseInsensitiveContains("temp") == true)
        #expect(events.last?.subject.localizedCaseInsensitiveContains("p") == true)
        _ = try await machine.perform(.clearEventLog)
        #expect(try bmc.ipmitool("sel", "info").contains("Entries          : 0"))
        #expect(try await machine.eventLog().isEmpty)
      }
    }

    @Test("users and the BMC itself are described", arguments: Protection.all)
    func information(protection: Protection) async throws {
      let bmc = try protection.bmc()
      try await withFleet { fleet async throws in
        let machine = fleet.controller(for: .ipmi(protection.access(to: bmc)))
        let users = try await machine.users()
        let named = users.filter { !$0.name.isEmpty }
        #expect(named.map(\.id) == [2, 3, 4])
        #expect(named.map(\.name) == ["admin", "operator", "reader"])
        #expect(named.map(\.privilege) == ["administrator", "operator", "user"])

        let information = try await machine.information()
        // bmc.emu: mc_add … 9 8 0x9f 0x1291 0xf02
        #expect(information.version.hasPrefix("IPMI"))
        #expect(information.firmware == "9.8" || information.firmware == "9.08")
        #expect(information.manufacturer == "\(0x1291)")
      }
    }

    @Test("a login with the BMC's own key (Kg) works, and without it not")
    func twoKeys() async throws {
      let bmc = try IPMISim(bmcKey: "the-key-of-the-BMC")
      try await withFleet { fleet async throws in
        var access = bmc.access()
        access.cipherSuites = [3]
        access.bmcKey = Secret("the-key-of-the-BMC")
        #expect(try await fleet.controller(for: .ipmi(access)).powerState() == .off)
        access.bmcKey = nil
        let refusal = await failure(of: fleet, access)
        #expect(refusal?.kind == .misconfigured, "\(String(describing: refusal))")
      }
    }

    @Test(
      "a wrong password and an unknown user are told as that, and not tried again",
      arguments: [("admin", "wrong"), ("nobody", "secret")])
    func wrongPassword(user: String, password: String) async throws {
      let bmc = try IPMISim()
      try await withFleet { fleet async throws in
        var access = bmc.access(as: user, password: password)
        access.version = .version20
        access.cipherSuites = [3]
        #expect(await failure(of: fleet, access)?.kind == .wrongPassword)
        #expect(await failure(of: fleet, access)?.kind == .lockedOut)
      }
    }

    @Test("in IPMI 1.5 an unknown user is told as that; to a wrong password the BMC says nothing at all")
    func wrongPasswordVersion15() async throws {
      let bmc = try IPMISim(authentication: "md5")
      try await withFleet { fleet async throws in
        var access = bmc.access(as: "nobody")
        access.version = .version15
        #expect(await failure(of: fleet, access)?.kind == .wrongPassword)
        access = bmc.access(password: "wrong")
        access.version = .version15
        #expect(await failure(of: fleet, access)?.kind == .timedOut)
      }
    }

    /// In IPMI 1.5, as ipmi_sim gives whoever asks for it the privilege of an operator in RMCP+ (ipmitool's `-L OPERATOR`
    /// gets it, too).
    @Test("who may only look can look, and cannot switch")
    func privilege() async throws {
      let bmc = try IPMISim(authentication: "md5")
      try await withFleet { fleet async throws in
        var access = bmc.access(as: "reader", password: "look")
        access.version = .version15
        let refusal = await failure(of: fleet, access, .power(.on, waits: true))
        #expect(refusal?.kind == .privilege, "\(String(describing: refusal))")
        #expect(try bmc.takeSwitched().isEmpty)
        #expect(try await fleet.controller(for: .ipmi(access)).powerState() == .off)
      }
    }

    @Test("a BMC whose sessions are all taken says so, and is used again when they are free")
    func exhausted() async throws {
      let bmc = try IPMISim()
      try bmc.exhaustSessions()
      try await withFleet { fleet async throws in
        var access = bmc.access()
        access.cipherSuites = [3]
        let refusal = await failure(of: fleet, access)
        #expect(refusal?.kind == .sessionsExhausted, "\(String(describing: refusal))")
        bmc.stop()
        try bmc.start()
        #expect(try await fleet.controller(for: .ipmi(access)).powerState() == .off)
      }
    }

    @Test("where nothing answers is told as that, and the next attempt is clean")
    func unreachable() async throws {
      let bmc = try IPMISim()
      bmc.stop()
      try await withFleet { fleet async throws in
        var access = bmc.access()
        access.cipherSuites = [3]
        #expect(await failure(of: fleet, access)?.kind == .unreachable)
        try bmc.start()
        #expect(try await fleet.controller(for: .ipmi(access)).powerState() == .off)
        // Its sessions are gone with it; the one we had does not hold us up.
        bmc.stop()
        try bmc.start()
        #expect(try await fleet.controller(for: .ipmi(access)).powerState() == .off)
      }
    }

    @Test("no suite in common is told as that")
    func noCommonCipher() async throws {
      let bmc = try IPMISim()
      try await withFleet { fleet async throws in
        var access = bmc.access()
        access.version = .version20
        access.cipherSuites = [17]
        let refusal = await failure(of: fleet, access)
        #expect(refusal?.kind == .noCommonCipher, "\(String(describing: refusal))")
      }
    }

    @Test("without being told how, the best way both sides have is found")
    func probing() async throws {
      let bmc = try IPMISim()
      try await withFleet { fleet async throws in
        let machine = fleet.controller(for: .ipmi(bmc.access()))
        let information = try await machine.information()
        #expect(information.protection == "cipher suite 3")
      }
    }
  }
}

/// A fleet for one test.
func withFleet(_ body: (BMCFleet) async throws -> Void) async throws {
  let logger = Logger(label: "lab", factory: { _ in SwiftLogNoOpLogHandler() })
  let fleet = try await BMCFleet(configuration: BMCFleetConfiguration(), logger: logger)
  do { try await body(fleet) } catch {
    await fleet.close()
    throw error
  }
  await fleet.close()
}

/// Why a request was not carried out; `nil` if it was.
func failure(of fleet: BMCFleet, _ access: IPMIAccess, _ request: BMCRequest = .powerStatus) async -> BMCFailure? {
  do {
    _ = try await fleet.controller(for: .ipmi(access)).perform(request)
    return nil
  } catch { return error }
}

/// What a controller answers, in the one case that it may be.
extension PowerController {
  func sensors() async throws -> [SensorReading] {
    guard case .sensors(let sensors) = try await perform(.sensors) else { throw WrongAnswer() }
    return sensors
  }

  func inventory() async throws -> [InventoryItem] {
    guard case .inventory(let parts) = try await perform(.inventory) else { throw WrongAnswer() }
    return parts
  }

  func eventLog() async throws -> [EventLogEntry] {
    guard case .eventLog(let entries) = try await perform(.eventLog) else { throw WrongAnswer() }
    return entries
  }

  func users() async throws -> [BMCUser] {
    guard case .users(let users) = try await perform(.users) else { throw WrongAnswer() }
    return users
  }

  func information() async throws -> BMCInformation {
    guard case .information(let information) = try await perform(.information) else { throw WrongAnswer() }
    return information
  }
}

private struct WrongAnswer: Error {}
