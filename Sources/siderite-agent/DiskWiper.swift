import BareMetal
import LinuxSystem
import Wire

/// Whom the wipe is reported to: the boot host.
protocol WipeDesk {
  func report(_ report: WipeReport, limit: Duration) throws(BootPlane.Failure) -> WipeReportResponse
}

extension BootPlane: WipeDesk {}

/// Carries out an order to wipe: every disk of it at once, with the boot host told how far it is, until it has heard the
/// end. Nothing is erased before the boot host has answered the first report.
struct DiskWiper<Desk: WipeDesk> {
  /// What erases one disk.
  typealias Eraser =
    @Sendable (BlockDevice, DiskEraser.Mode, @escaping DiskEraser.Progress) throws(DiskEraser.Failure)
    -> DiskEraser.Outcome

  /// At once; the others wait. Each takes a thread and 2 MiB.
  static var threadLimit: Int { 32 }
  /// Between heartbeats at most: people look at the percentage.
  static var longestInterval: Duration { .seconds(30) }
  /// A heartbeat that is not answered is made up for by the next.
  static var heartbeatLimit: Duration { .seconds(10) }
  /// The last report changes the Server: worth waiting for.
  static var lastLimit: Duration { .seconds(30) }
  /// For the first report: then nothing was erased, and the machine starts afresh.
  static var firstPatience: Duration { .seconds(15 * 60) }
  /// For disks to notice that they are to stop: what they are doing at this moment ends first.
  static var stopLimit: Duration { .seconds(5 * 60) }
  /// Between two lines on the console.
  static var lineInterval: Duration { .seconds(10) }

  let desk: Desk
  let server: String
  let order: WipeOrder
  /// Longer than the longest single command, a format: a disk that does not get on for so long is given up.
  let stallLimit: Duration
  let erase: Eraser

  init(
    desk: Desk, server: String, order: WipeOrder, stallLimit: Duration = .seconds(3 * 3600),
    erase: @escaping Eraser = { disk, mode, progress throws(DiskEraser.Failure) in
      try DiskEraser.erase(path: disk.path, size: disk.size, mode: mode, progress: progress)
    }
  ) {
    self.desk = desk
    self.server = server
    self.order = order
    self.stallLimit = stallLimit
    self.erase = erase
  }

  /// Returns what the boot host says to do then; by itself the machine switches off, as one that starts again would come
  /// here again.
  ///
  /// - Parameters:
  ///   - disks: every disk that is there.
  ///   - say: a line for the console.
  ///   - pause: waits, and keeps the network going meanwhile.
  ///
  /// - Throws: before anything is erased only.
  func run(
    _ disks: [BlockDevice], say: (String) -> Void, pause: (Duration) throws -> Void,
    now: () -> ContinuousClock.Instant = { .now }
  ) throws -> AgentAction {
    let (records, devices): ([EraseRecord], [BlockDevice])
    do {
      (records, devices) = try prepare(disks)
    } catch {
      say("nothing is erased: \(error)")
      return try tellEnd([], failure: error.description, say: say, pause: pause)
    }
    let board = WipeBoard(records)
    if let refusal = try begin(board, say: say, pause: pause, now: now) {
      say("nothing is erased: \(refusal)")
      return .powerOff
    }
    say(start(board, devices))
    let failure = watch(board, say: say, pause: pause, now: now)
    for record in board.records { say(record.line) }
    return try tellEnd(board.records, failure: failure, say: say, pause: pause)
  }

  // MARK: What is to be done

  /// A record for each disk, and the disk that goes with it.
  private func prepare(_ disks: [BlockDevice]) throws(WipeRefusal) -> ([EraseRecord], [BlockDevice]) {
    let fixed = disks.filter(\.isFixed)
    let plan = try WipePlan(order.disks, present: fixed.map { StorageDevice($0) })
    var records = [EraseRecord]()
    var devices = [BlockDevice]()
    func add(_ disk: DiskIdentity, _ device: BlockDevice, _ result: EraseRecord.Result, _ message: String?) {
      var record = EraseRecord(disk: disk, result: result)
      record.message = message
      records.append(record)
      devices.append(device)
    }
    for step in plan.steps {
      let isErased = step.order.action == .erase
      add(
        step.order.disk, fixed[step.index], isErased ? .running : .kept,
        isErased ? nil : step.order.reason)
    }
    for index in plan.ignored {
      add(DiskIdentity(StorageDevice(fixed[index])), fixed[index], .skipped, "read-only")
    }
    for disk in disks where !disk.isFixed {
      add(
        DiskIdentity(StorageDevice(disk)), disk, .skipped, disk.isVirtual ? "virtual medium" : "removable medium")
    }
    // Two paths to one disk, or nameless ones: one record is enough of what is only told.
    var seen = Set<DiskIdentity>()
    let kept = records.indices.filter { records[$0].result != .skipped || seen.insert(records[$0].disk).inserted }
    return (kept.map { records[$0] }, kept.map { devices[$0] })
  }

  // MARK: Erasing

  /// Returns a line for the console.
  private func start(_ board: WipeBoard, _ devices: [BlockDevice]) -> String {
    let count = board.records.count { $0.result == .running }
    let mode: DiskEraser.Mode = order.mode == .full ? .full : .fast
    let (erase, wanted) = (erase, min(count, Self.threadLimit))
    var started = 0
    for number in 0..<wanted {
      let isStarted = SystemThread.start(named: "erase-\(number)") {
        while let place = board.next() {
          let device = devices[place]
          let result = Result { () throws(DiskEraser.Failure) in
            try erase(device, mode) { method, bytes in board.progress(place, method, bytes) }
          }
          board.finish(place, result)
        }
      }
      if isStarted { started += 1 }
    }
    if wanted > 0, started == 0 { board.stop("no thread is to be had") }
    return "erasing \(count) disk\(count == 1 ? "" : "s"), \(order.mode.rawValue)"
  }

  /// Until every disk is done with, or the boot host says that it must not go on: why, then.
  private func watch(
    _ board: WipeBoard, say: (String) -> Void, pause: (Duration) throws -> Void,
    now: () -> ContinuousClock.Instant
  ) -> String? {
    var (nextBeat, nextLine) = (now() + interval, now() + Self.lineInterval)
    var refusal: String?
    var stopDeadline: ContinuousClock.Instant?
    var isHeard = true
    while !board.isFinished {
      try? pause(.milliseconds(200))
      board.giveUp(after: stallLimit, now: now())
      if let stopDeadline, now() >= stopDeadline { break }
      if now() >= nextLine {
        for record in board.records where record.result == .running { say(record.line) }
        nextLine = now() + Self.lineInterval
      }
      guard refusal == nil, now() >= nextBeat else { continue }
      do {
        let answer = try desk.report(report(board.records), limit: Self.heartbeatLimit)
        isHeard = true
        if answer.action != nil { refusal = Self.ended }
      } catch {
        if error.isFinal {
          refusal = "\(error)"
        } else if isHeard {
          say("the boot host does not answer: \(error); going on")
          isHeard = false
        }
      }
      nextBeat = now() + interval
      guard let refusal else { continue }
      say("stopping: \(refusal)")
      board.stop(refusal)
      stopDeadline = now() + Self.stopLimit
    }
    return refusal.map { "stopped: \($0)" }
  }

  /// An answer to a heartbeat that says what to do next: the boot host has ended the wipe.
  private static var ended: String { "the boot host does not want it any more" }

  private var interval: Duration {
    min(Self.longestInterval, .milliseconds(max(1000, order.heartbeatSeconds * 1000 / 3)))
  }

  // MARK: Telling

  private func report(_ records: [EraseRecord]) -> WipeReport {
    WipeReport(server: server, id: order.id, token: order.token, records: records)
  }

  /// The first report: why the boot host does not want it after all, or `nil`.
  private func begin(
    _ board: WipeBoard, say: (String) -> Void, pause: (Duration) throws -> Void,
    now: () -> ContinuousClock.Instant
  ) throws -> String? {
    var (random, backoff) = (SystemRandomNumberGenerator(), Backoff())
    let deadline = now() + Self.firstPatience
    while true {
      do {
        let answer = try desk.report(report(board.records), limit: Self.heartbeatLimit)
        return answer.action == nil ? nil : Self.ended
      } catch {
        if error.isFinal { return "\(error)" }
        let wait = backoff.pause(using: &random)
        guard now() + wait < deadline else { throw error }
        say("\(error); again in \(wait.components.seconds + 1) s")
        try pause(wait)
      }
    }
  }

  /// The last report, until the boot host has it: a machine that is clean and not known to be would be wiped again.
  private func tellEnd(
    _ records: [EraseRecord], failure: String?, say: (String) -> Void, pause: (Duration) throws -> Void
  ) throws -> AgentAction {
    var (random, backoff) = (SystemRandomNumberGenerator(), Backoff())
    var report = report(records)
    report.isFinal = true
    report.failure = failure.map { PlainText.line($0) }
    while true {
      do {
        return try desk.report(report, limit: Self.lastLimit).action ?? .powerOff
      } catch {
        guard !error.isFinal else {
          say("the boot host does not take the last report: \(error)")
          return .powerOff
        }
        let wait = backoff.pause(using: &random)
        say("\(error); again in \(wait.components.seconds + 1) s")
        try? pause(wait)
      }
    }
  }
}

extension EraseRecord {
  /// For the console: `Samsung SSD 970 S4E (/dev/nvme0n1): nvme-format, 50 %`
  fileprivate var line: String {
    let percent = disk.size == 0 ? 0 : Int(100 * Double(bytes ?? 0) / Double(disk.size))
    let what =
      switch result {
      case .running: method.map { "\($0), \(percent) %" } ?? "waiting"
      case .erased: "erased (\(method ?? "")): \(verification ?? "")"
      case .kept: "kept\(message.map { " (\($0))" } ?? "")"
      case .skipped: "skipped\(message.map { " (\($0))" } ?? "")"
      case .failed: "NOT erased: \(message ?? "no reason")"
      }
    return "\(disk): \(what)"
  }
}
