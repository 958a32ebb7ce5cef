import Foundation
import Glibc

/// A boot host in a network namespace of its own, at the far end of a cable whose near end is ours; `siderite serve` and
/// other daemons run in it. All of it goes with the object.
final class BootHost {
  static let address = "10.99.0.1"

  let cable: VirtualCable
  let directory: URL
  private let namespace: String
  private var daemons: [pid_t] = []
  private var started = 0
  private var logPath = ""

  /// The interface of the host that the cable is plugged into.
  var interface: String { cable.far }

  init() throws {
    cable = try VirtualCable()
    namespace = "\(cable.near)ns"
    directory = FileManager.default.temporaryDirectory.appending(path: "siderite-lab.\(namespace)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try Command.run("ip", "netns", "add", namespace)
    try Command.run("ip", "-n", namespace, "link", "set", "lo", "up")
    try Command.run("ip", "link", "set", cable.far, "netns", namespace)
    try Command.run("ip", "-n", namespace, "addr", "add", "\(Self.address)/24", "dev", cable.far)
    try Command.run("ip", "-n", namespace, "link", "set", cable.far, "up")
  }

  deinit {
    for daemon in daemons { killNow(daemon) }
    _ = try? Command.run("ip", "netns", "delete", namespace)
    try? FileManager.default.removeItem(at: directory)
  }

  /// Starts `siderite serve` with one interface and returns when it says that it is ready.
  /// - Parameter others: lines of the configuration beside.
  @discardableResult
  func serve(_ interfaceSettings: String, others: String = "") throws -> pid_t {
    let configuration = directory.appending(path: "siderite.yaml")
    let text = """
      stateDirectory: \(directory.path)/state
      adminSocket: \(directory.path)/admin.sock
      logLevel: info
      interfaces: [{name: \(interface), \(interfaceSettings)}]
      \(others)
      """
    try text.write(to: configuration, atomically: true, encoding: .utf8)
    let readiness = try ReadinessSocket(path: directory.appending(path: "notify.sock").path)
    let daemon = try start(
      Self.binary, "serve", "--config", configuration.path, environment: ["NOTIFY_SOCKET": readiness.path])
    guard readiness.wait(seconds: 30) else { throw Command.Failure(description: "siderite is not ready: \(log)") }
    return daemon
  }

  /// Starts a program of the host, and remembers to end it.
  @discardableResult
  func start(_ arguments: String..., environment: [String: String] = [:]) throws -> pid_t {
    started += 1
    logPath = directory.appending(path: "\(started).log").path
    let daemon = try Command.start(
      ["ip", "netns", "exec", namespace] + arguments, environment: environment, output: logPath)
    daemons.append(daemon)
    return daemon
  }

  /// Runs a program of the host to its end.
  func run(_ arguments: String...) throws {
    try Command.run(["ip", "netns", "exec", namespace] + arguments)
  }

  /// Pulls the plug.
  func killNow(_ daemon: pid_t) {
    guard let index = daemons.firstIndex(of: daemon) else { return }
    daemons.remove(at: index)
    kill(daemon, SIGKILL)
    Command.wait(for: daemon)
  }

  /// What the daemon started last has said.
  var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

  /// The daemon beside the test bundle, built with it.
  static var binary: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "siderite").path
  }
}

/// Where a daemon says `READY=1`, as systemd listens for it.
private struct ReadinessSocket: ~Copyable {
  let path: String
  private let socket: Int32

  init(path: String) throws {
    self.path = path
    unlink(path)
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else { throw Command.Failure(description: "bind \(path): \(errno)") }
  }

  deinit { close(socket) }

  borrowing func wait(seconds: Int) -> Bool {
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return false }
      if String(decoding: buffer[..<count], as: UTF8.self).contains("READY=1") { return true }
    }
  }
}
