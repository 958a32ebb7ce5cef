import BareMetal
import Foundation
import Testing
import Wire

@testable import siderite

/// What goes on after the first answer: `--watch` and `--wait`, against a daemon.
@Suite("Watching and waiting", .timeLimit(.minutes(2)))
struct WatchTests {
  private static let held = """
    apiVersion: metal.sidero.dev/v1alpha2
    kind: Environment
    metadata: {name: held, finalizers: [example.org/held]}
    spec: {kernel: {url: "http://127.0.0.1:1/vmlinuz"}}
    """

  private static func server(_ name: String, rack: Int = 3, hostname: String) -> String {
    """
    apiVersion: metal.sidero.dev/v1alpha2
    kind: Server
    metadata: {name: \(name), labels: {rack: "\(rack)"}}
    spec: {hostname: \(hostname), accepted: false}
    """
  }

  private let one = CommandLineTests.server
  private let two = "4c4c4544-0051-3610-8052-b4c04f4d4632"

  @Test("A watched table goes on with what is made, changed and deleted, and with nothing that does not match")
  func table() async throws {
    let host = try Host()
    #expect(try host.run("apply", "-f", try host.write("1.yaml", Self.server(one, hostname: "r12"))).status == 0)
    let watch = try host.begin("get", "servers", "-l", "rack=3", "--watch")
    try await watch.until("r12")
    let other = Self.server(two, rack: 4, hostname: "r99")
    #expect(try host.run("apply", "-f", try host.write("2.yaml", other)).status == 0)
    #expect(try host.run("patch", "server", "r12", "-p", "{spec: {hostname: r13}}").status == 0)
    try await watch.until("r13")
    // It matches from now on; then it does not, and is gone as far as this table goes.
    #expect(try host.run("patch", "server", "r99", "-p", "{metadata: {labels: {rack: '3'}}}").status == 0)
    try await watch.until("r99")
    #expect(try host.run("patch", "server", "r99", "-p", "{metadata: {labels: {rack: '4'}}}").status == 0)
    try await watch.until("deleted")
    #expect(try host.run("delete", "server", one, "--wait").status == 0)
    while watch.lines.count(where: { $0.hasSuffix("deleted") }) < 2 { try await Task.sleep(for: .milliseconds(10)) }
    let lines = watch.lines
    #expect(lines.first?.hasPrefix("NAME") == true && lines.count(where: { $0.hasPrefix("NAME") }) == 1)
    #expect(lines.last?.hasPrefix(one) == true)
    #expect(lines.first { $0.contains("deleted") }?.hasPrefix(two) == true)
    watch.interrupt()
    #expect(watch.end() == 128 + 2)
  }

  @Test("With -o json each change is a line of JSON; a daemon that goes ends the watch with exit code 69")
  func json() async throws {
    let host = try Host()
    #expect(try host.run("apply", "-f", try host.write("1.yaml", Self.server(one, hostname: "r12"))).status == 0)
    let watch = try host.begin("get", "server", "r12", "-w", "-o", "json")
    try await watch.until("r12")
    let other = Self.server(two, hostname: "r99")
    #expect(try host.run("apply", "-f", try host.write("2.yaml", other)).status == 0)
    #expect(try host.run("patch", "server", "r12", "-p", "{spec: {hostname: r13}}").status == 0)
    try await watch.until("r13")
    host.stopDaemon()
    #expect(watch.end() == 69)
    #expect(watch.lines.last?.contains("the daemon ended the watch") == true)
    let servers = try watch.lines.dropLast().map { try JSONDecoder().decode(Server.self, from: Data($0.utf8)) }
    #expect(servers.allSatisfy { $0.metadata.name == one })
    #expect(servers.first?.spec.hostname == "r12" && servers.last?.spec.hostname == "r13")
  }

  @Test("Waiting ends with what is waited for, or with exit code 75 when its time is over")
  func wait() async throws {
    let host = try Host()
    #expect(try host.run("apply", "-f", try host.write("held.yaml", Self.held)).status == 0)
    let late = try host.run("delete", "environment", "held", "--wait", "--timeout", "1s")
    #expect(late.status == 75)
    #expect(late.output.contains("environment/held: not done after 1s; it goes on"))
    let wait = try host.begin("delete", "environment", "held", "--wait")
    try await host.untilDeletions(2)
    #expect(try host.run("get", "environment", "held").status == 0)
    #expect(try host.run("patch", "environment", "held", "-p", "{metadata: {finalizers: null}}").status == 0)
    #expect(wait.end() == 0)
    #expect(wait.output == "environment/held deleted\n")
    #expect(try host.run("get", "environment", "held").status == 1)
  }

  @Test("Waiting outlives a restart of the daemon")
  func restart() async throws {
    let host = try Host()
    #expect(try host.run("apply", "-f", try host.write("held.yaml", Self.held)).status == 0)
    #expect(try host.run("delete", "environment", "held").output.contains("is being deleted"))
    let wait = try host.begin("delete", "environment", "held", "--wait")
    try await host.untilDeletions(2)
    host.stopDaemon()
    try await wait.until("waits for the daemon")
    try host.startDaemon()
    #expect(try host.run("patch", "environment", "held", "-p", "{metadata: {finalizers: null}}").status == 0)
    #expect(wait.end() == 0)
    #expect(wait.output.hasSuffix("environment/held deleted\n"))
  }

  @Test("A wipe that was over before the acceptance is not the one that is waited for")
  func earlierWipe() {
    var server = Server(metadata: ObjectMeta(name: one), spec: ServerSpec(accepted: true))
    var wipe = WipeStatus.intent(
      for: server, reason: .accepted, mode: .fast, id: "w1", now: Timestamp(seconds: 1))
    wipe.phase = .failed
    server.status.wipe = wipe
    func state(_ progress: WaitOptions.Progress) -> String {
      switch progress {
      case .done: "done"
      case .underWay: "under way"
      case .failed: "failed"
      }
    }
    #expect(state(server.wipeProgress) == "failed")
    #expect(state(server.wipeProgress(after: 1)) == "under way")
    server.status.wipe?.generation = 2
    #expect(state(server.wipeProgress(after: 1)) == "failed")
    server.status.wipe?.phase = .done
    (server.status.isClean, server.status.ready) = (true, true)
    #expect(state(server.wipeProgress(after: 1)) == "done")
    // Clean as it was before it was given up.
    #expect(state(server.wipeProgress(after: 2)) == "under way")
  }
}

extension Host {
  /// Returns when the daemon has been asked for so many deletions, by its log.
  fileprivate func untilDeletions(_ count: Int) async throws {
    while log.components(separatedBy: "Environment deleted").count <= count {
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}
