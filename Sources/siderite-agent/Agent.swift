import BareMetal
import DHCP
import LinuxSystem
import SMBIOS
import Wire

/// The discovery agent: finds out what the machine is, tells the boot host and does as told. Disks are read to see what
/// is on them; they are written to by an order to wipe, and by nothing else.
///
/// Every wait is bounded, and all of them together by ``patience``: then the machine restarts and boots afresh, as
/// what is wrong may be outside (and with nobody to press a button, waiting for ever helps no one).
struct Agent: ~Copyable {
  /// From the start to a registration. Long: a loop of restarts wears machines out and hides the message that says why.
  static let patience = Duration.seconds(15 * 60)
  /// For the NIC to appear before anything is said about it: firmware and driver of some cards take half a minute.
  static let interfaceLimit = Duration.seconds(60)
  /// For the link to come up; spanning tree may take 30 s and longer.
  static let carrierLimit = Duration.seconds(60)
  /// Disks are complete when none has appeared for so long, …
  static let settleTime = Duration.seconds(2)
  /// … or this has passed since loading drivers.
  static let settleLimit = Duration.seconds(30)
  /// What a BMC needs: the devices in /dev, and the kinds of system interfaces.
  static let bmcDrivers = ["ipmi_devintf", "ipmi_si", "ipmi_ssif"]
  /// For the device of a BMC that the firmware tells of: SSIF is slow, and a BMC that starts up takes its time.
  static let expectedBMCLimit = Duration.seconds(20)
  /// … and of one that it does not: then there rarely is one.
  static let unexpectedBMCLimit = Duration.seconds(2)
  /// Between the answer and doing it: time to read the screen.
  static let countdown = 5

  private let arguments: BootArguments
  private let console = Console()
  private let start = ContinuousClock.now
  private var random = SystemRandomNumberGenerator()
  private var drivers: DriverLoader?
  private var disks = [String]()
  private var lastChange = ContinuousClock.now

  init(arguments: BootArguments) { self.arguments = arguments }

  /// Works until the machine restarts or switches off; never returns.
  mutating func run() async {
    console.write("")
    say("discovery agent of Siderite")
    let deadline = start + Self.patience
    do {
      try await discover(until: deadline)
    } catch {
      say("\(error)")
    }
    // What it said stays on the screen for as long as trying would have taken.
    let pause = max(.seconds(60), ContinuousClock.now.duration(to: deadline))
    say("giving up: restarting in \(pause.components.seconds / 60) min")
    Machine.sleep(pause)
    leave(by: .reboot)
  }

  private mutating func discover(until deadline: ContinuousClock.Instant) async throws {
    guard let endpoint = arguments.endpoint else {
      throw AgentError(
        arguments.unreadableEndpoint.map { "sidero.endpoint=\($0) is not ADDRESS:PORT" }
          ?? "sidero.endpoint is missing from the kernel command line")
    }
    let bootPlane = BootPlane(endpoint: endpoint)
    do {
      drivers = try DriverLoader()
    } catch {
      say("no drivers: \(error)")
    }

    let (interface, mac) = try findInterface(until: deadline)
    var network = try BootNetwork(interface: interface, mac: mac)
    try awaitCarrier(of: interface)
    let hostName: String?
    switch endpoint.address {
    case .v4: hostName = try acquireIPv4(&network, until: deadline)
    case .v6:
      try acquireIPv6(network, until: deadline)
      hostName = nil
    }

    settle()
    let (hardware, management, problems) = HardwareInformation.read()
    for problem in problems { say(problem) }
    say(hardware.summary)
    let registration = Registration(
      hardware: hardware, hostname: hostName, addresses: Self.addresses(hardware), bootMAC: mac.description)
    let event = AgentEvent(
      mac: mac.description, uuid: hardware.system?.uuid, message: "discovered: \(hardware.summary)")
    bootPlane.report(event)

    let response = try register(registration, at: bootPlane, over: &network, until: deadline)
    say("registered at \(endpoint) as \(response.server): \(response.action.rawValue)")
    do {
      try await lookAfterBMC(management, response, at: bootPlane, over: &network) {
        AgentEvent(mac: mac.description, uuid: hardware.system?.uuid, message: $0)
      }
    } catch {
      // Never a reason not to boot: the next boot tries again.
      say("BMC: \(error)")
    }
    try finish(try wipe(response, at: bootPlane, over: &network) ?? response.action, over: &network)
  }

  /// Erases what the boot host ordered, and returns what it says to do then; `nil` when it ordered nothing.
  private func wipe(
    _ response: RegistrationResponse, at bootPlane: BootPlane, over network: inout BootNetwork
  ) throws -> AgentAction? {
    guard let order = response.wipe else { return nil }
    return try DiskWiper(desk: bootPlane, server: response.server, order: order).run(
      try BlockDevice.all(), say: { say($0) }, pause: { try network.serve(until: .now + $0) })
  }

  // MARK: Drivers

  /// Loads drivers for whatever has appeared.
  private mutating func loadDrivers() {
    do {
      let loaded = try drivers?.coldplug() ?? []
      for failure in drivers?.takeFailures() ?? [] { say("driver: \(failure)") }
      let names = try BlockDevice.all().map(\.name)
      if !loaded.isEmpty || names != disks { lastChange = .now }
      disks = names
      if !loaded.isEmpty { say("\(loaded.count) drivers loaded") }
    } catch {
      say("drivers: \(error)")
    }
  }

  /// Waits until no disk has appeared for a while: controllers look for theirs long after their driver is loaded.
  private mutating func settle() {
    let limit = ContinuousClock.now + Self.settleLimit
    loadDrivers()
    while ContinuousClock.now < limit, lastChange.duration(to: .now) < Self.settleTime {
      Machine.sleep(.milliseconds(200))
      loadDrivers()
    }
  }

  // MARK: Network

  /// The interface named by the kernel command line; without a name, the first Ethernet one.
  private mutating func findInterface(
    until deadline: ContinuousClock.Instant
  ) throws -> (NetworkInterface, MACAddress) {
    let wanted = arguments.mac.map { "network interface \($0)" } ?? "Ethernet interface"
    var warning = ContinuousClock.now + Self.interfaceLimit
    while ContinuousClock.now < deadline {
      loadDrivers()
      let present = try NetworkInterface.all()
      for interface in present {
        guard let mac = interface.macAddress, arguments.mac == nil || arguments.mac == mac else { continue }
        return (interface, mac)
      }
      if ContinuousClock.now > warning {
        let others = present.compactMap(\.macAddress).map(\.description).joined(separator: ", ")
        say("no \(wanted) yet (present: \(others.isEmpty ? "none" : others)); still looking")
        warning = .now + Self.interfaceLimit
      }
      Machine.sleep(.milliseconds(250))
    }
    throw AgentError("no \(wanted)")
  }

  /// Gets an IPv4 address from DHCP.
  /// - Returns: the host name that came with it.
  private func acquireIPv4(_ network: inout BootNetwork, until deadline: ContinuousClock.Instant) throws -> String? {
    let name = network.interface.name
    say("\(name) (\(network.mac)): asking for an address")
    while true {
      if let binding = try network.acquire(until: min(deadline, .now + .seconds(30))) {
        say("\(name): \(binding.address)/\(binding.subnet.length) from \(binding.server)")
        return binding.hostName
      }
      guard ContinuousClock.now < deadline else { throw AgentError("no DHCP server answered on \(name)") }
      say("\(name): no DHCP server answers; still asking")
    }
  }

  /// Waits for an IPv6 address: the boot host is reached by IPv6.
  private func acquireIPv6(_ network: borrowing BootNetwork, until deadline: ContinuousClock.Instant) throws {
    let name = network.interface.name
    say("\(name) (\(network.mac)): waiting for an IPv6 address")
    while true {
      if let address = try network.acquireIPv6(until: min(deadline, .now + .seconds(30))) {
        return say("\(name): \(address.address)/\(address.prefixLength)")
      }
      guard ContinuousClock.now < deadline else { throw AgentError("no IPv6 router advertises a network on \(name)") }
      say("\(name): no IPv6 router advertises a network for addresses of our own; still waiting")
    }
  }

  private func awaitCarrier(of interface: NetworkInterface) throws {
    let limit = ContinuousClock.now + Self.carrierLimit
    while ContinuousClock.now < limit {
      if try NetworkInterface.named(interface.name)?.isRunning == true { return }
      Machine.sleep(.milliseconds(100))
    }
    say("\(interface.name): no link after 60 s; trying all the same")
  }

  /// Every address of the report, without its prefix length.
  private static func addresses(_ hardware: HardwareInformation) -> [String] {
    (hardware.network?.interfaces ?? []).flatMap { $0.addresses ?? [] }.map { String($0.prefix { $0 != "/" }) }
  }

  // MARK: Registration

  private mutating func register(
    _ registration: Registration, at bootPlane: BootPlane, over network: inout BootNetwork,
    until deadline: ContinuousClock.Instant
  ) throws -> RegistrationResponse {
    var backoff = Backoff()
    while true {
      do {
        return try bootPlane.register(registration)
      } catch {
        let pause = backoff.pause(using: &random)
        guard ContinuousClock.now + pause < deadline else { throw error }
        say("\(error); again in \(pause.components.seconds + 1) s")
        try network.serve(until: .now + pause)
      }
    }
  }

  // MARK: BMC

  /// Tells what BMC the machine has, and sets it up when the boot host asks for it.
  private mutating func lookAfterBMC(
    _ management: ManagementInterface?, _ response: RegistrationResponse, at bootPlane: BootPlane,
    over network: inout BootNetwork, event: (String) -> AgentEvent
  ) async throws {
    guard let device = try openBMC(management) else {
      let line = "no BMC found in-band" + (management.map { ", though the firmware tells of one (\($0))" } ?? "")
      say(line)
      bootPlane.report(event(line))
      return
    }
    let bmc = SystemInterface(device)
    guard let setup = response.bmcSetup else {
      let facts = try await BMCFacts(of: bmc)
      say(facts.summary)
      bootPlane.report(event(facts.summary))
      return
    }
    let provisioner = BMCProvisioner(controller: bmc, verifier: bootPlane)
    let line = try await provisioner.run(
      setup, server: response.server, until: .now + BMCProvisioner<SystemInterface, BootPlane>.patience
    ) { try network.serve(until: .now + $0) }
    say(line)
  }

  /// The BMC's device, when there is one and a driver for it.
  private mutating func openBMC(_ management: ManagementInterface?) throws -> IPMIDevice? {
    // Most drivers for the interface itself are loaded already: ACPI and SMBIOS make devices that ask for them.
    for module in Self.bmcDrivers { _ = drivers?.load(module) }
    // A BMC that is not there is no failure of its driver.
    _ = drivers?.takeFailures()
    let limit = ContinuousClock.now + (management == nil ? Self.unexpectedBMCLimit : Self.expectedBMCLimit)
    while true {
      do {
        return try IPMIDevice()
      } catch {
        guard error.isNotFound, ContinuousClock.now < limit, IPMIDevice.isDriverLoaded else {
          if error.isNotFound { return nil }
          throw error
        }
      }
      Machine.sleep(.milliseconds(100))
    }
  }

  private mutating func finish(_ action: AgentAction, over network: inout BootNetwork) throws {
    switch action {
    case .wait:
      say("waiting: nothing more happens until somebody restarts this machine")
      while true { try network.serve(until: .now + .seconds(3600)) }
    case .reboot, .powerOff:
      for second in (1...Self.countdown).reversed() {
        say("\(action == .reboot ? "restarting" : "switching off") in \(second) s")
        Machine.sleep(.seconds(1))
      }
      leave(by: action)
    }
  }

  private func leave(by action: AgentAction) -> Never {
    do {
      if action == .powerOff { try Machine.powerOff() } else { try Machine.reboot() }
    } catch {
      say("\(error)")
    }
    // PID 1 must not return: the kernel panics.
    while true { Machine.sleep(.seconds(3600)) }
  }

  private func say(_ text: String) { console.write("[siderite] \(text)") }
}

/// Why the agent cannot go on, in words for the console.
struct AgentError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
