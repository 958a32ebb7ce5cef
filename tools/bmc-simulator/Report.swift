import Foundation
import IPMI
import Wire

/// What happened to a rack: written as JSON at the end, for tests to read.
struct Report: Codable {
  struct Counters: Codable {
    var datagramsIn = 0
    var datagramsOut = 0
    var ignored = 0
    var logins = 0
    var wrongPasswords = 0
    var unknownUsers = 0
    /// Logins refused as all sessions were taken.
    var exhausted = 0
    /// Sessions that were never closed.
    var expired = 0
    var requests = 0
    /// Open at the end.
    var sessions = 0

    mutating func add(_ bmc: BMCResponder) {
      let counters = bmc.counters
      datagramsIn += counters.datagramsIn
      datagramsOut += counters.datagramsOut
      ignored += counters.ignored
      logins += counters.logins
      wrongPasswords += counters.wrongPasswords
      unknownUsers += counters.unknownUsers
      exhausted += counters.exhausted
      expired += counters.expired
      requests += counters.requests
      sessions += bmc.openSessions
    }
  }

  struct Machine: Codable {
    var address: String
    var name: String
    var isOn: Bool
    /// Chassis controls in the order they were carried out, `power-cycle` and so on; at most 64, the last ones.
    var controls: [String]
    var controlCount: Int
    /// How often it began to boot, and from what last: `pxe`, `disk`, … as far as the boot flags said.
    var starts: Int
    var lastBootDevice: UInt8
    var counters: Counters
  }

  var seed: UInt64
  var seconds: Double
  /// Processor time of the simulator.
  var processorSeconds: Double
  var residentBytes: Int
  var count: Int
  /// BMCs that no datagram reached; they are not listed.
  var unheard: Int
  var isOn: Int
  /// Machines with exactly one chassis control, and with more.
  var controlledOnce: Int
  var controlledMoreThanOnce: Int
  /// Chassis controls by kind.
  var controls: [String: Int]
  /// Datagrams to addresses that no BMC has, and answers that the kernel did not take.
  var strays: Int
  var unsent: Int
  var totals: Counters
  var bmcs: [Machine]

  init(of rack: Rack, seed: UInt64, seconds: Double, processorSeconds: Double) {
    self.seed = seed
    self.seconds = seconds
    self.processorSeconds = processorSeconds
    residentBytes = Self.residentBytes
    count = rack.bmcs.count
    strays = rack.strays
    unsent = rack.unsent
    (unheard, isOn, controlledOnce, controlledMoreThanOnce) = (0, 0, 0, 0)
    controls = [:]
    totals = Counters()
    bmcs = []
    for (place, simulated) in rack.bmcs.enumerated() {
      let bmc = simulated.responder
      let machine = bmc.machine
      totals.add(bmc)
      if machine.isOn { isOn += 1 }
      if machine.controlCount == 1 { controlledOnce += 1 }
      if machine.controlCount > 1 { controlledMoreThanOnce += 1 }
      for action in machine.history { controls[Self.name(of: action), default: 0] += 1 }
      guard bmc.counters.datagramsIn > 0 else {
        unheard += 1
        continue
      }
      var counters = Counters()
      counters.add(bmc)
      bmcs.append(
        Machine(
          address: rack.address(of: place).description, name: bmc.configuration.identity.name, isOn: machine.isOn,
          controls: machine.history.map(Self.name), controlCount: machine.controlCount, starts: machine.startCount,
          lastBootDevice: machine.lastBootDevice.rawValue, counters: counters))
    }
  }

  static func name(of action: ChassisControl.Action) -> String {
    switch action {
    case .powerDown: "power-down"
    case .powerUp: "power-up"
    case .powerCycle: "power-cycle"
    case .hardReset: "hard-reset"
    case .diagnosticInterrupt: "diagnostic-interrupt"
    case .softShutdown: "soft-shutdown"
    }
  }

  /// Pages of /proc/self/statm.
  private static var residentBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }

  /// In one piece: whoever waits for the file finds it whole.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(self).write(to: URL(filePath: path), options: .atomic)
  }
}
