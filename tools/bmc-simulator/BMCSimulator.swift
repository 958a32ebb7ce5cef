import ArgumentParser
import BMC
import Foundation
import IPMI
import LinuxSystem
import Wire

/// `bmc-simulator`: a rack of BMCs in one process.
@main
struct BMCSimulator: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bmc-simulator", abstract: "A rack of simulated BMCs in one process, for tests and measurements.",
    discussion: """
      Each BMC has an address of its own, counted up from --address; all of 127.0.0.0/8 is this host's, so nothing has \
      to be configured. What comes to other addresses is not answered. It runs until it is ended by TERM or INT, or \
      for the time of --for, and then writes its report.

      EXAMPLES
        A hundred BMCs with machines that are on; ask the third:
          bmc-simulator --count 100 --port 6230 --password secret --on
          ipmitool -I lanplus -C 17 -H 127.10.0.3 -p 6230 -U admin -P secret chassis status
        Ten thousand, 1 ms away, every tenth datagram lost:
          bmc-simulator --count 10000 --password-file F --round-trip 1ms --loss 10 --report rack.json
        Machines that take their time, a fifth of them with bad firmware:
          bmc-simulator --count 50 --password secret --off-takes 3s --soft-takes 20s \\
            --faults wrong-sequence=5,busy=2,silent=17 --faulty-share 20
      """)

  @Option(help: ArgumentHelp("How many BMCs.", valueName: "n"))
  var count = 1

  @Option(help: ArgumentHelp("The first one's address.", valueName: "address"), transform: Self.address)
  var address = IPv4Address(rawValue: 0x7f0a_0001)

  @Option(help: ArgumentHelp("UDP port of all of them; 0: a free one, which --ready tells.", valueName: "port"))
  var port: UInt16 = 623

  @Option(help: ArgumentHelp("The administrator's name.", valueName: "name"))
  var user = "admin"

  @Option(help: ArgumentHelp("Its password; everybody on this host can see it: for tests.", valueName: "text"))
  var password: String?

  @Option(help: ArgumentHelp("A file whose first line is the password.", valueName: "file"))
  var passwordFile: String?

  @Option(help: ArgumentHelp("A file whose first line is Kg, for two-key logins.", valueName: "file"))
  var bmcKeyFile: String?

  @Option(
    help: ArgumentHelp("Cipher suites that are accepted: 3,17 and so on.", valueName: "list"), transform: Self.suites)
  var suites: [CipherSuite] = [.three, .seventeen, .eight, .twelve, .two, .one]

  @Option(help: ArgumentHelp("Sessions of one BMC at a time.", valueName: "n"))
  var sessions = 4

  @Flag(help: "The machines are on at the start.")
  var on = false

  @Option(help: ArgumentHelp("How long switching on takes.", valueName: "time"))
  var onTakes = TimeSpan(.zero)

  @Option(help: ArgumentHelp("How long switching off takes.", valueName: "time"))
  var offTakes = TimeSpan(.zero)

  @Option(help: ArgumentHelp("How long an operating system takes to shut down.", valueName: "time"))
  var softTakes = TimeSpan(.zero)

  @Option(help: ArgumentHelp("How long a power cycle stays off.", valueName: "time"))
  var cycleTakes = TimeSpan(.seconds(1))

  @Option(help: ArgumentHelp("From request to answer.", valueName: "time"))
  var roundTrip = TimeSpan(.zero)

  @Option(help: ArgumentHelp("Datagrams lost each way, of all BMCs.", valueName: "percent"))
  var loss = Percentage(share: 0)

  @Option(help: ArgumentHelp("What else goes wrong, with commas between: \(FaultList.help).", valueName: "list"))
  var faults = FaultList()

  @Option(help: ArgumentHelp("The share of BMCs that have --faults.", valueName: "percent"))
  var faultyShare = Percentage(share: 1)

  @Option(help: ArgumentHelp("Names, numbers and faults come from it: the same for the same seed.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Where the report goes, JSON, at the end.", valueName: "file"))
  var report: String?

  @Option(help: ArgumentHelp("Written when it listens: the port's number.", valueName: "file"))
  var ready: String?

  @Option(name: .customLong("for"), help: ArgumentHelp("End after so long.", valueName: "time"))
  var limit: TimeSpan?

  /// Addresses of 127.0.0.0/8 that there are for one rack; also what memory allows.
  private static let mostBMCs = 100_000

  private static func address(_ text: String) throws -> IPv4Address {
    guard let address = IPv4Address(text) else { throw ValidationError("'\(text)' is not an IPv4 address") }
    return address
  }

  private static func suites(_ text: String) throws -> [CipherSuite] {
    try text.split(separator: ",").map {
      guard let suite = UInt8($0).flatMap(CipherSuite.init(identifier:)) else {
        throw ValidationError("cipher suite '\($0)' is not spoken here")
      }
      return suite
    }
  }

  func validate() throws {
    guard (1...Self.mostBMCs).contains(count) else { throw ValidationError("--count is 1 to \(Self.mostBMCs)") }
    guard address.rawValue.addingReportingOverflow(UInt32(count)).overflow == false else {
      throw ValidationError("there are not \(count) addresses from \(address) on")
    }
    guard (1...64).contains(sessions) else { throw ValidationError("--sessions is 1 to 64") }
    guard (password == nil) != (passwordFile == nil) else {
      throw ValidationError("say the password: --password-file FILE, or for tests --password TEXT")
    }
    guard (1...16).contains(user.utf8.count) else { throw ValidationError("--user takes 1 to 16 bytes") }
  }

  func run() throws {
    // Before there is any other thread, so that all of them leave these signals to the one that waits for them.
    let waker = try EventDescriptor()
    try Self.endOnSignals(waker)
    let configuration = try bmcConfiguration()
    let rack = try Rack(first: address, port: port, seed: seed) { bmcs(configuration, port: $0) }
    try ready.map { try Data("\(rack.port)\n".utf8).write(to: URL(filePath: $0), options: .atomic) }
    Self.say("\(count) BMCs from \(address) to \(rack.address(of: count - 1)), UDP port \(rack.port)")
    let start = ContinuousClock.now
    try rack.run(until: limit.map { start + $0.duration }, or: waker)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let processor = [usage.ru_utime, usage.ru_stime].reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    rack.settle()
    let summary = Report(of: rack, seed: seed, seconds: seconds, processorSeconds: processor)
    try report.map { try summary.write(to: $0) }
    Self.say(
      "\(summary.totals.datagramsIn) datagrams in, \(summary.totals.logins) logins, \(summary.totals.requests) requests, "
        + "\(summary.controls.values.reduce(0, +)) chassis controls")
  }

  /// What all of them have.
  private func bmcConfiguration() throws -> BMCResponder.Configuration {
    let users = [BMCResponder.User(name: user, password: KeyMaterial(password: try secret()))]
    var configuration = BMCResponder.Configuration(users: users)
    configuration.cipherSuites = suites
    configuration.sessionLimit = sessions
    configuration.bmcKey = try bmcKeyFile.map { KeyMaterial(password: try Self.firstLine(of: $0)) }
    configuration.startTime = UInt32(clamping: Int(Date().timeIntervalSince1970))
    return configuration
  }

  private func bmcs(_ common: BMCResponder.Configuration, port: UInt16) -> [SimulatedBMC] {
    let crypto = OpenSSLCrypto()
    var machine = SimulatedMachine()
    machine.isOn = on
    machine.timing.powerOn = onTakes.duration
    machine.timing.powerOff = offTakes.duration
    machine.timing.softShutdown = softTakes.duration
    machine.timing.cycle = cycleTakes.duration
    var random = SeededRandom(seed: seed)
    return (0..<count).map { number in
      var own = common
      own.port = port
      own.identity = SimulatedIdentity(seed: seed, number: number)
      own.guid = own.identity.guid
      own.address = IPv4Address(rawValue: address.rawValue + UInt32(number))
      if Double.random(in: 0..<1, using: &random) < faultyShare.share {
        own.faults = faults.faults
        own.advertisedSuites = faults.advertisedSuites
      }
      own.faults.roundTrip = roundTrip.duration
      if loss.share > 0 {
        own.faults.lossIn = loss.share
        own.faults.lossOut = loss.share
      }
      var responder = BMCResponder(own, crypto: crypto)
      responder.machine = machine
      return SimulatedBMC(responder)
    }
  }

  private func secret() throws -> String {
    if let password { return password }
    return try Self.firstLine(of: passwordFile ?? "")
  }

  private static func firstLine(of path: String) throws -> String {
    let bytes: [UInt8]?
    do {
      bytes = try FileDescriptor.contents(of: path, limit: 4096)
    } catch {
      throw ValidationError("\(error)")
    }
    guard let bytes, let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first else {
      throw ValidationError("\(path) is empty or does not exist")
    }
    return String(line)
  }

  /// TERM and INT end it in order: a thread waits for them.
  private static func endOnSignals(_ waker: EventDescriptor) throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waited = signals
    let isStarted = SystemThread.start(named: "signals") {
      var signals = waited
      var number: Int32 = 0
      while sigwait(&signals, &number) != 0 {}
      waker.signal()
    }
    guard isStarted else { throw ValidationError("no thread is to be had") }
  }

  private static func say(_ text: String) { FileHandle.standardError.write(Data("bmc-simulator: \(text)\n".utf8)) }
}
