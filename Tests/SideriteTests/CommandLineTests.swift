import BareMetal
import Foundation
import Glibc
import Testing

@testable import siderite

/// The command line against a daemon that serves no interface: nothing of it needs root.
@Suite("The command line and a daemon", .timeLimit(.minutes(2)))
struct CommandLineTests {
  static let server = "4c4c4544-0051-3610-8052-b4c04f4d4631"

  static let manifests = """
    apiVersion: metal.sidero.dev/v1alpha2
    kind: Environment
    metadata: {name: mine}
    spec: {kernel: {url: "http://127.0.0.1:1/vmlinuz", args: [console=tty0]}}
    ---
    apiVersion: metal.sidero.dev/v1alpha1
    kind: ServerClass
    metadata: {name: old}
    spec: {qualifiers: {systemInformation: [{manufacturer: Anvil}]}}
    ---
    apiVersion: metal.sidero.dev/v1alpha2
    kind: Server
    metadata: {name: \(server), labels: {rack: "3"}}
    spec: {hostname: r12, accepted: false}
    """

  @Test("Applied, shown, edited, patched, refused, deleted")
  func everything() throws {
    let host = try Host()
    let file = try host.write("rack.yaml", Self.manifests)
    let applied = try host.run("apply", "-f", file)
    #expect(applied.status == 0)
    #expect(applied.output == "environment/mine created\nserverclass/old created\nserver/\(Self.server) created\n")
    #expect(try host.run("apply", "-f", file, "--dry-run").output.contains("unchanged (dry run)"))
    #expect(try host.run("get", "servers", "-l", "rack=3", "-o", "name").output == "server/\(Self.server)\n")

    #expect(try host.run("edit", "server", "4c4c", editor: "sed -i 's/hostname: r12/hostname: r13/'").status == 0)
    #expect(try host.run("describe", "server/r13").output.contains("Hostname:       r13"))
    // Nobody puts it right: the text is kept, and the Server is as it was.
    let bad = try host.run("edit", "server", "r13", editor: "sed -i 's/hostname:/hostnam:/'")
    #expect(bad.status == 1)
    #expect(bad.output.contains("is kept in"))
    #expect(try host.run("patch", "server", "r13", "-p", "{spec: {cordoned: true}}").status == 0)
    let operation = #"[{"op":"test","path":"/spec/cordoned","value":false}]"#
    #expect(try host.run("patch", "server", "r13", "--type", "json", "-p", operation).status == 1)

    #expect(try host.run("allocate", "--class", "old", "--config", file).status == 1)
    #expect(try host.run("release", "r13", "--yes").status == 2)
    #expect(try host.run("installed", "r13").status == 1)
    #expect(try host.run("wipe", "r13", "--yes").status == 2)
    #expect(try host.run("accept", "--all").status == 64)
    #expect(try host.run("accept", "r13").status == 0)
    #expect(try host.run("delete", "-f", file, "--wait", "--timeout", "30s").status == 0)
    #expect(try host.run("get", "server", Self.server).status == 1)
  }

  @Test("Bad manifests are told with every problem, and nothing is applied")
  func badManifests() throws {
    let host = try Host()
    let bad = try host.write(
      "bad.yaml",
      Self.manifests.replacingOccurrences(of: "hostname: r12, accepted: false", with: "hostnam: r12, accepted: yes"))
    let twice = try host.write("twice.yaml", "a: 1\na: 2\n")
    let answer = try host.run("apply", "-f", bad, "-f", twice)
    #expect(answer.status == 65)
    for text in [
      "twice.yaml:1: is there twice: a", "bad.yaml:14: document 3: spec.hostnam", "spec.accepted", "3 problems",
    ] {
      #expect(answer.output.contains(text), "\(answer.output)")
    }
    #expect(try host.run("apply", "-f", host.folder + "/none.yaml").status == 66)
    #expect(try host.run("get", "serverclass", "old").status == 1)
  }

  @Test("No daemon is exit code 69")
  func noDaemon() throws {
    let host = try Host(serves: false)
    #expect(try host.run("get", "servers").status == 69)
  }
}

/// A daemon of this build in a folder of its own.
final class Host {
  let folder: String
  private let configuration: String
  private var daemon: pid_t?

  init(serves: Bool = true) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "siderite-cli.\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    configuration = folder + "/siderite.yaml"
    _ = try write(
      "siderite.yaml",
      """
      stateDirectory: \(folder)/state
      adminSocket: \(socket)
      healthAddr: 127.0.0.1:\(try Self.freePort())
      agent: {directory: \(folder)/agent}
      """)
    try FileManager.default.createDirectory(atPath: folder + "/state", withIntermediateDirectories: true)
    if serves { try startDaemon() }
  }

  func startDaemon() throws {
    daemon = try start(["serve", "--config", configuration], output: folder + "/log", editor: nil)
    // A socket that answers is the only sign; each try ends by itself.
    for _ in 0..<2000 {
      if try run("get", "environments").status != 69 { return }
    }
  }

  deinit {
    stopDaemon()
    try? FileManager.default.removeItem(atPath: folder)
  }

  private var socket: String { folder + "/admin.sock" }

  func write(_ name: String, _ text: String) throws -> String {
    let path = "\(folder)/\(name)"
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  /// What it printed, both ways.
  func run(_ arguments: String..., editor: String? = nil) throws -> (status: Int32, output: String) {
    let file = "\(folder)/output.\(UUID().uuidString)"
    let status = Self.wait(for: try start(arguments, output: file, editor: editor))
    return (status, String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self))
  }

  /// A command that goes on; what it prints is in the file.
  func begin(_ arguments: String...) throws -> RunningCommand {
    let file = "\(folder)/output.\(UUID().uuidString)"
    return RunningCommand(process: try start(arguments, output: file, editor: nil), file: file)
  }

  /// What the daemon has logged.
  var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }

  /// Ends the daemon, as systemd does.
  func stopDaemon() {
    guard let daemon else { return }
    kill(daemon, SIGTERM)
    _ = Self.wait(for: daemon)
    self.daemon = nil
  }

  private func start(_ arguments: [String], output: String, editor: String?) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Programs inherit the signals that the threads of Swift's pool block, which is all of them.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var environment = ProcessInfo.processInfo.environment
    environment["SIDERITE_ADMIN_SOCKET"] = socket
    environment["VISUAL"] = nil
    environment["EDITOR"] = editor
    environment["TMPDIR"] = folder
    let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "siderite")
    var words: [UnsafeMutablePointer<CChar>?] = ([binary.path] + arguments).map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in words + settings { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, binary.path, &actions, &attributes, &words, &settings)
    guard code == 0 else { throw CocoaError(.executableNotLoadable) }
    return process
  }

  static func wait(for process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }

  /// A port that the kernel has just given away; the health server is the only thing of the daemon's that wants a number.
  private static func freePort() throws -> UInt16 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
      }
    }
    guard status == 0 else { throw CocoaError(.fileReadUnknown) }
    return UInt16(bigEndian: address.sin_port)
  }
}
