import SimulationTesting

/// One rack and what happens to it: all of it follows from the seed.
public struct RackScenario: Hashable, Sendable {
  /// Who is on the segment beside the machines, and means no good.
  public enum Attack: String, Hashable, Sendable, CaseIterable {
    /// DISCOVERs of made-up hardware addresses, never a REQUEST.
    case discoverFlood
    /// REQUESTs, DECLINEs and RELEASEs of other machines' addresses, in a name of its own.
    case addressThief
    /// Asks for the boot program from thousands of ports of one address and never says a word again.
    case silentReader
    /// Acknowledges blocks that were never sent.
    case falseReader
    /// Asks for the boot program in the names of made-up addresses.
    case spoofedReader
    /// Frames and datagrams with bytes changed and cut off.
    case garbage
  }

  /// A deliberate fault in what surrounds the code under test, for tests of the checker.
  public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// The disk says that it has what it has not.
    case forgetfulDisk
    /// The boot host tells clients before the disk has it.
    case hastyAcknowledgement
    /// After a restart the leases are not read.
    case emptyStart
    /// One byte of the boot program is another on its way out.
    case wrongByte
    /// Transfers that the boot host gives up end without a word.
    case silentFailure
    /// The REQUESTs of an eighth of the machines are not heard, ever.
    case deafness
    /// Transfers that ended are kept in the table.
    case keptTransfers
    /// What the relay agent said of a machine does not go back to it.
    case lostAgentInformation
    /// An address is given beside the server whose business that is.
    case presumption
    /// What stations say of the addresses that they have does not reach the boot host.
    case unheardStations
  }

  public var seed: UInt64
  public var machines: Int
  /// Addresses beyond one a machine.
  public var spareAddresses = 8
  /// Addresses of the pool that somebody else sits on, and answers for.
  public var squatters = 0
  /// Machines of a thousand that are in another network, behind a relay agent.
  public var relayed = 0
  /// Another server gives the addresses; the boot host only says what to boot.
  public var isBesideServer = false
  /// Whether the boot host asks before it gives an address to somebody new.
  public var isProbing = true
  /// Every machine had an address before, and its lease has run out.
  public var isKnown = false
  public var leaseSeconds: UInt32 = 600
  /// Bytes of the boot program.
  public var programSize = 20_000

  /// Packets of a thousand that are lost, come twice, or come late (by up to two seconds, so out of order).
  public var loss = 0
  public var duplication = 0
  public var lateness = 0
  /// Commits of a thousand that fail.
  public var storeFailures = 0

  /// Seconds within which all machines are switched on.
  public var powerOnSpread = 5
  /// Machines of a thousand that are switched off and on within ``duration``.
  public var powerCycles = 0
  /// Machines of a thousand whose cable is pulled for a while, longer than a lease.
  public var isolations = 0
  /// How often the boot host dies within ``duration``.
  public var crashes = 0

  public var attacks: [Attack] = []
  /// Things that an attacker does in a second.
  public var attackRate = 20

  /// Seconds in which things happen; then all must boot.
  public var duration = 240
  /// Seconds of virtual time that no boot may take, whatever happens.
  public var patience = 900

  public var fault: Fault?

  /// An undisturbed rack.
  public init(seed: UInt64, machines: Int) {
    self.seed = seed
    self.machines = machines
  }

  /// What a seed means: some racks have it easy, some have everything at once.
  public static func drawn(seed: UInt64, machines: Int) -> RackScenario {
    var random = SeededGenerator(seed: seed)
    var scenario = RackScenario(seed: seed, machines: machines)
    func some(_ most: Int) -> Int { random.chance(400) ? 0 : random.below(most + 1) }
    scenario.loss = some(80)
    scenario.duplication = some(60)
    scenario.lateness = some(40)
    scenario.storeFailures = some(100)
    scenario.crashes = some(4)
    scenario.powerCycles = some(400)
    scenario.isolations = some(60)
    scenario.squatters = some(4)
    scenario.leaseSeconds = [60, 120, 600, 3600][random.below(4)]
    scenario.powerOnSpread = random.below(60)
    scenario.isKnown = random.chance(300)
    scenario.programSize = 1 + random.below(40_000)
    // The ends of files are where mistakes are made: whole blocks, and one byte more or less.
    if random.chance(300) { scenario.programSize = 1468 * (1 + random.below(20)) + random.below(3) - 1 }
    scenario.spareAddresses = scenario.squatters + random.below(16)
    scenario.attacks = RackScenario.Attack.allCases.filter { _ in random.chance(200) }
    // What a thief and a babbler may hold.
    if !scenario.attacks.isEmpty { scenario.spareAddresses += 2 }
    // Nobody can say which of many unknown machines are real, so against a flood the pool must hold both. Known machines
    // are another matter.
    if scenario.attacks.contains(.discoverFlood), !scenario.isKnown {
      scenario.spareAddresses += scenario.attackRate * 90
    }
    // Drawn last, so that a seed means otherwise what it always has.
    if random.chance(250) {
      scenario.isBesideServer = true
    } else if random.chance(400) {
      scenario.relayed = 100 + random.below(901)
    }
    return scenario
  }

  /// A rack of machines that were there before, on a good network, with hardly an address more than machines; and an
  /// attacker who does a hundred things in a second.
  public static func attacked(by attack: Attack, seed: UInt64, machines: Int) -> RackScenario {
    var scenario = RackScenario(seed: seed, machines: machines)
    scenario.isKnown = true
    scenario.attacks = [attack]
    scenario.attackRate = 100
    scenario.duration = 60
    return scenario
  }

  /// A rack in which a fault shows.
  public static func showing(_ fault: Fault, seed: UInt64, machines: Int) -> RackScenario {
    var scenario = RackScenario(seed: seed, machines: machines)
    switch fault {
    case .emptyStart:
      // The host forgets whom it gave what; others come, and are given the same.
      scenario.crashes = 3
      scenario.powerCycles = 800
      scenario.powerOnSpread = 120
      scenario.leaseSeconds = 3600
      // Who asks first finds most of them out.
      scenario.isProbing = false
    case .silentFailure, .keptTransfers: scenario.attacks = [.silentReader]
    case .lostAgentInformation: scenario.relayed = 500
    case .presumption: scenario.isBesideServer = true
    case .unheardStations:
      scenario.squatters = 6
    case .forgetfulDisk, .hastyAcknowledgement, .wrongByte, .deafness: break
    }
    scenario.fault = fault
    return scenario
  }
}
