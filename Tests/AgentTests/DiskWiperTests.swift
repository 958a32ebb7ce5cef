import BareMetal
import Foundation
import Glibc
import LinuxSystem
import Synchronization
import Testing
import Wire

@testable import siderite_agent

@Suite("Carrying out an order to wipe")
struct DiskWiperTests {
  /// Disks as sysfs shows them: `sda`, …, each with its name as serial number.
  private static func disks(_ names: [String], extra: [String: String] = [:]) throws -> [BlockDevice] {
    let root = FileManager.default.temporaryDirectory.appending(path: "siderite-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    var files = extra
    for name in names {
      files["\(name)/size"] = files["\(name)/size"] ?? "2048"
      files["\(name)/serial"] = name
      files["\(name)/device/model"] = files["\(name)/device/model"] ?? "Acme"
    }
    for (name, text) in files {
      let file = root.appending(path: name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return try BlockDevice.all(root: root.path)
  }

  private static func order(_ disks: [BlockDevice], keeping kept: Set<String> = [], seconds: Int = 3) -> WipeOrder {
    let orders = disks.filter(\.isFixed).map {
      DiskOrder(
        disk: DiskIdentity(StorageDevice($0)), action: kept.contains($0.name) ? .keep : .erase, reason: "policy")
    }
    let intent = WipeStatus(
      id: "id-1", reason: .accepted, generation: 1, requestedAt: .init(seconds: 1), mode: .full, disks: orders)
    return WipeOrder(intent, heartbeatSeconds: seconds, token: Secret("tok"))
  }

  /// What happened in one run.
  struct Run {
    var action: AgentAction
    var lines: [String]
    var reports: [WipeReport]
    var erased: [String]
    /// What pauses came to; nothing is waited for.
    var waited: Duration

    var last: WipeReport? { reports.last }
    func result(_ serial: String) -> EraseRecord? { last?.records.first { $0.disk.serialNumber == serial } }
  }

  private func run(
    _ order: WipeOrder, _ disks: [BlockDevice], desk: FakeDesk = FakeDesk(),
    stallLimit: Duration = .seconds(3600),
    _ erase: @escaping DiskWiper<FakeDesk>.Eraser = { _, _, progress throws(DiskEraser.Failure) in
      _ = progress("zeroout", 1 << 20)
      return FakeDesk.outcome
    }
  ) throws -> Run {
    let erased = Mutex<[String]>([])
    let lines = Mutex<[String]>([])
    let waited = Mutex(Duration.zero)
    let start = ContinuousClock.now
    let wiper = DiskWiper(desk: desk, server: "4c4c", order: order, stallLimit: stallLimit) {
      disk, mode, progress throws(DiskEraser.Failure) in
      erased.withLock { $0.append("\(disk.path) \(mode)") }
      return try erase(disk, mode, progress)
    }
    let action = try wiper.run(
      disks, say: { line in lines.withLock { $0.append(line) } },
      pause: { pause in
        waited.withLock { $0 += pause }
        // Other threads get on.
        usleep(1000)
      }, now: { start + waited.withLock { $0 } })
    return Run(
      action: action, lines: lines.withLock { $0 }, reports: desk.reports, erased: erased.withLock { $0.sorted() },
      waited: waited.withLock { $0 })
  }

  @Test("Every disk that is ordered is erased, and no other; the boot host hears of it before and after")
  func works() throws {
    let disks = try Self.disks(
      ["sda", "sdb", "sdc", "sdd"], extra: ["sdc/removable": "1", "sdd/ro": "1"])
    var order = Self.order(disks, keeping: ["sdb"])
    // Read-only and plugged in since.
    order.disks.removeLast()
    let run = try run(order, disks, desk: FakeDesk(last: .reboot))
    #expect(run.erased == ["/dev/sda full"])
    #expect(run.action == .reboot)
    let first = try #require(run.reports.first)
    #expect(!first.isFinal)
    #expect(first.records.map(\.result) == [.running, .kept, .skipped, .skipped])
    let last = try #require(run.last)
    #expect(last.isFinal && last.failure == nil)
    #expect((last.server, last.id, last.token) == ("4c4c", "id-1", Secret("tok")))
    #expect(last.records.map(\.result) == [.erased, .kept, .skipped, .skipped])
    #expect(last.records.map(\.message) == [nil, "policy", "read-only", "removable medium"])
    #expect(run.result("sda")?.method == "zeroout")
    #expect(run.result("sda")?.verification == "all zero")
    #expect(run.result("sda")?.attempts == ["secure-discard: not supported"])
    #expect(run.lines.contains("Acme sda (/dev/sda): erased (zeroout): all zero"))
  }

  @Test("Disks that are not those of the order: nothing is erased, and the boot host hears why")
  func otherDisks() throws {
    let (ordered, present) = (try Self.disks(["sda"]), try Self.disks(["sda", "sdb"]))
    let run = try run(Self.order(ordered), present)
    #expect(run.erased.isEmpty)
    #expect(run.reports.count == 1)
    #expect(run.last?.isFinal == true)
    #expect(run.last?.failure?.hasPrefix("Acme sdb (/dev/sdb) is there and not in the intent") == true)
    #expect(run.action == .powerOff)
  }

  @Test("A disk that fails does not keep the others from being erased")
  func failure() throws {
    let disks = try Self.disks(["sda", "sdb"])
    let run = try run(Self.order(disks), disks) { disk, _, _ throws(DiskEraser.Failure) in
      if disk.name == "sda" { throw DiskEraser.Failure(reason: "I/O error", attempts: ["a: b"]) }
      return FakeDesk.outcome
    }
    #expect(run.result("sda")?.result == .failed)
    #expect(run.result("sda")?.message == "I/O error")
    #expect(run.result("sda")?.attempts == ["a: b"])
    #expect(run.result("sdb")?.result == .erased)
    #expect(run.last?.isFinal == true)
  }

  @Test("More disks than threads: the others wait, and none is forgotten")
  func many() throws {
    let names = (0..<70).map { "sd\(UnicodeScalar(UInt8(97 + $0 / 26)))\(UnicodeScalar(UInt8(97 + $0 % 26)))" }
    let disks = try Self.disks(names)
    let now = Mutex(0)
    let most = Mutex(0)
    let run = try run(Self.order(disks), disks) { _, _, _ throws(DiskEraser.Failure) in
      let count = now.withLock { count in
        count += 1
        return count
      }
      most.withLock { $0 = max($0, count) }
      usleep(2000)
      now.withLock { $0 -= 1 }
      return FakeDesk.outcome
    }
    #expect(run.erased.count == 70)
    #expect(run.last?.records.allSatisfy { $0.result == .erased } == true)
    #expect((1...32).contains(most.withLock { $0 }))
  }

  // MARK: The boot host

  @Test("Nothing is erased before the boot host has answered, nor when it says no")
  func first() throws {
    let disks = try Self.disks(["sda"])
    let busy = try run(Self.order(disks), disks, desk: FakeDesk([.fails(.refused(status: 503, reason: "busy"))]))
    #expect(busy.erased == ["/dev/sda full"])
    #expect(busy.waited > .milliseconds(500))
    let no = try run(Self.order(disks), disks, desk: FakeDesk([.fails(.refused(status: 409, reason: "no"))]))
    #expect(no.erased.isEmpty)
    #expect(no.action == .powerOff)
    #expect(no.reports.count == 1)
    #expect(throws: BootPlane.Failure.self) {
      try self.run(
        Self.order(disks), disks, desk: FakeDesk(Array(repeating: .fails(.answer(.malformed("x"))), count: 10_000)))
    }
  }

  @Test("Heartbeats come three times in the time that the boot host waits, and one that is lost changes nothing")
  func heartbeats() throws {
    let disks = try Self.disks(["sda"])
    let desk = FakeDesk([.goOn, .goOn, .fails(.answer(.malformed("x")))])
    let run = try run(Self.order(disks, seconds: 9), disks, desk: desk) { _, _, progress throws(DiskEraser.Failure) in
      var bytes: UInt64 = 0
      while desk.count < 5 {
        bytes += 1
        _ = progress("overwrite", bytes)
        usleep(1000)
      }
      return FakeDesk.outcome
    }
    #expect(run.reports.count >= 6)
    #expect((2.5...4).contains(run.waited / .seconds(1) / Double(run.reports.count - 2)))
    #expect(run.reports[3].records[0].method == "overwrite")
    #expect(run.last?.records.first?.result == .erased)
    #expect(run.lines.contains { $0.hasPrefix("the boot host does not answer") })
    #expect(run.lines.contains { $0.hasPrefix("Acme sda (/dev/sda): overwrite, ") })
  }

  @Test(
    "When the boot host does not want it any more, what is being erased stops, and the rest is not begun",
    arguments: [FakeDesk.Answer.fails(.refused(status: 409, reason: "another wipe")), .end(.powerOff)])
  func stops(answer: FakeDesk.Answer) throws {
    let names = (0..<40).map { "sd\(UnicodeScalar(UInt8(97 + $0 / 26)))\(UnicodeScalar(UInt8(97 + $0 % 26)))" }
    let disks = try Self.disks(names)
    let run = try run(Self.order(disks), disks, desk: FakeDesk([.goOn, answer])) {
      _, _, progress throws(DiskEraser.Failure) in
      while progress("overwrite", 1) { usleep(1000) }
      throw DiskEraser.Failure(reason: "stopped", attempts: [], isStopped: true)
    }
    #expect(run.erased.count <= 32)
    #expect(run.last?.isFinal == true)
    #expect(run.last?.failure?.hasPrefix("stopped: ") == true)
    #expect(run.last?.records.allSatisfy { $0.result == .failed } == true)
    #expect(run.action == .powerOff)
  }

  @Test("The end is told until the boot host has it")
  func end() throws {
    let disks = try Self.disks(["sda"])
    let lost = Array(repeating: FakeDesk.Answer.fails(.refused(status: 503, reason: "away")), count: 20)
    let run = try run(Self.order(disks), disks, desk: FakeDesk([.goOn] + lost))
    #expect(run.reports.count == 22)
    #expect(run.action == .powerOff)
  }

  @Test("A disk that does not get on for hours is given up, and the others are not held up")
  func stalls() throws {
    let disks = try Self.disks(["sda", "sdb"])
    // Comes back when the test is over.
    let isOver = Mutex(false)
    defer { isOver.withLock { $0 = true } }
    let run = try run(Self.order(disks, seconds: 3600), disks, stallLimit: .seconds(120)) {
      disk, _, _ throws(DiskEraser.Failure) in
      while disk.name == "sda", !isOver.withLock({ $0 }) { usleep(1000) }
      return FakeDesk.outcome
    }
    #expect(run.result("sda")?.result == .failed)
    #expect(run.result("sda")?.message == "nothing happened for 2 min")
    #expect(run.result("sdb")?.result == .erased)
  }
}

/// A boot host that answers as told, and then wants everything to go on and end well.
final class FakeDesk: WipeDesk, Sendable {
  enum Answer: Sendable {
    case goOn
    case end(AgentAction)
    case fails(BootPlane.Failure)
  }

  static let outcome = DiskEraser.Outcome(
    method: "zeroout", attempts: ["secure-discard: not supported"], verification: "all zero")

  private let last: AgentAction
  private let state: Mutex<(answers: [Answer], reports: [WipeReport])>

  init(_ answers: [Answer] = [], last: AgentAction = .powerOff) {
    self.last = last
    state = Mutex((answers, []))
  }

  var reports: [WipeReport] { state.withLock { $0.reports } }
  var count: Int { state.withLock { $0.reports.count } }

  func report(_ report: WipeReport, limit: Duration) throws(BootPlane.Failure) -> WipeReportResponse {
    let answer: Answer = state.withLock { state in
      state.reports.append(report)
      if !state.answers.isEmpty { return state.answers.removeFirst() }
      return report.isFinal ? .end(last) : .goOn
    }
    switch answer {
    case .goOn: return WipeReportResponse()
    case .end(let action): return WipeReportResponse(action: action)
    case .fails(let failure): throw failure
    }
  }
}
