import BareMetal
import Foundation

/// A boot host with `siderite serve`, and machines without hardware (tools/lab/light-machines): all that they and the
/// daemon say to each other is said over HTTP, Sidero's management API included.
final class LightRack {
  private static let firstPort = 9100
  private static let tools = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "tools/lab")
  /// Every step of these machines takes milliseconds, the daemon's own pauses a second or two.
  private static let patience = Duration.seconds(60)

  let host: BootHost
  let machines: Int
  private let log: String

  /// - Parameters:
  ///   - settings: of the daemon, beside the usual.
  ///   - options: of light-machines.
  init(machines: Int = 1, settings: String = "", options: String...) throws {
    host = try BootHost()
    self.machines = machines
    log = host.directory.appending(path: "machines.log").path
    for (name, text) in [("vmlinuz", "kernel"), ("initramfs.xz", "initramfs")] {
      let directory = host.directory.appending(path: "agent/amd64")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: directory.appending(path: name))
    }
    try host.serve(
      "mode: off",
      others: """
        bootFiles: /usr/lib/ipxe
        restartInterval: 1s
        agent: {directory: \(host.directory.path)/agent}
        \(settings)
        """)
    // In a directory of the host's, for what the machines fetch is written there.
    let program = Self.tools.appending(path: "light-machines").path
    let command =
      "cd \(host.directory.path) && exec \(program) \(options.joined(separator: " ")) "
      + "\(BootHost.address):8081 \(Self.firstPort) \(machines) >\(log)"
    try host.start("sh", "-c", command)
    let deadline = ContinuousClock.now + Self.patience
    while !said.contains("ready") {
      guard ContinuousClock.now < deadline else { throw Command.Failure(description: "no light machines: \(host.log)") }
      usleep(20_000)
    }
  }

  // MARK: The machines

  /// A machine's UUID, which is its Server's name.
  func name(_ machine: Int = 0) -> String {
    "11a47000-0000-4000-8000-" + String(repeating: "0", count: 12 - String(machine, radix: 16).count)
      + String(machine, radix: 16)
  }

  /// Its management API.
  func endpoint(_ machine: Int = 0) -> String { "127.0.0.1:\(Self.firstPort + machine)" }

  /// What machines said, a line each: `0 disk blank`.
  var said: [String] {
    ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }

  /// What one of them said, without its number.
  func said(by machine: Int = 0) -> [String] {
    said.filter { $0.hasPrefix("\(machine) ") }.map { String($0.drop { $0 != " " }.dropFirst()) }
  }

  /// Asks a management API, as a person at the machine's power button does.
  func press(_ button: String, machine: Int = 0) throws {
    // Again, where its dice say no.
    try host.run(
      "curl", "-fsS", "--retry", "10", "--retry-delay", "1", "-X", "POST", "http://\(endpoint(machine))/\(button)")
  }

  /// The configuration that it fetched last.
  func config(machine: Int = 0) throws -> String {
    try String(contentsOf: host.directory.appending(path: "config-\(machine).yaml"), encoding: .utf8)
  }

  // MARK: The daemon

  /// The command line, talking to this daemon; throws what it said unless it ends with 0.
  @discardableResult
  func siderite(_ arguments: String...) throws -> String {
    try Command.run(
      ["env", "SIDERITE_ADMIN_SOCKET=\(host.directory.path)/admin.sock", BootHost.binary] + arguments)
  }

  /// Whether the daemon refuses that; what it says then.
  func refusal(_ arguments: String...) -> String? {
    do {
      try Command.run(
        ["env", "SIDERITE_ADMIN_SOCKET=\(host.directory.path)/admin.sock", BootHost.binary] + arguments)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Applies manifests.
  @discardableResult
  func apply(_ manifests: String) throws -> String {
    try siderite("apply", "-f", try file("manifests.yaml", manifests))
  }

  /// Writes a file that a command names.
  func file(_ name: String, _ text: String) throws -> String {
    let path = host.directory.appending(path: name)
    try text.write(to: path, atomically: true, encoding: .utf8)
    return path.path
  }

  func patch(_ kind: String, _ name: String, _ json: String) throws {
    try siderite("patch", kind, name, "--type", "merge", "-p", json)
  }

  func server(_ machine: Int = 0) throws -> Server { try get(ServerKind.self, name(machine)) }

  func get<Kind: ResourceKind>(_: Kind.Type, _ name: String) throws -> Resource<Kind> {
    let text = try siderite("get", Kind.kind.lowercased(), name, "-o", "json")
    return try JSONDecoder().decode(Resource<Kind>.self, from: Data(text.utf8))
  }

  /// Waits until that holds; what throws does not hold.
  func settle(_ what: String, until condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + Self.patience
    while (try? condition()) != true {
      guard ContinuousClock.now < deadline else {
        let servers = (try? siderite("get", "servers", "-o", "yaml")) ?? ""
        throw Command.Failure(
          description:
            "never: \(what)\n\(said.suffix(40).joined(separator: "\n"))\n\(servers)\n\(host.log.suffix(3000))")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  // MARK: Steps of a life

  /// Powers all of them on, as a person would, and tells the daemon how it can.
  func discover() async throws {
    for machine in 0..<machines { try press("poweron", machine: machine) }
    for machine in 0..<machines {
      try await settle("machine \(machine) is registered and off again") {
        said(by: machine).contains { $0.hasPrefix("registered") } && said(by: machine).last == "power off"
      }
      try patch("server", name(machine), #"{"spec": {"managementApi": {"endpoint": "\#(endpoint(machine))"}}}"#)
    }
  }

  /// Accepts all of them, and waits until they are clean and off.
  func accept() async throws {
    for machine in 0..<machines { try siderite("accept", "--yes", name(machine)) }
    for machine in 0..<machines { try await clean(machine) }
  }

  func clean(_ machine: Int = 0) async throws {
    try await settle("machine \(machine) is clean and off") {
      let status = try server(machine).status
      return status.isClean && said(by: machine).last == "power off"
    }
  }

  /// An Environment of two files.
  func environment(_ name: String) throws {
    try apply(
      """
      apiVersion: metal.sidero.dev/v1alpha2
      kind: Environment
      metadata: {name: \(name)}
      spec:
        kernel: {url: "file://\(host.directory.path)/agent/amd64/vmlinuz", args: [talos.platform=metal]}
        initrd: {url: "file://\(host.directory.path)/agent/amd64/initramfs.xz"}
      """)
  }

  func isReady(environment name: String) throws -> Bool {
    let conditions = try get(EnvironmentKind.self, name).status.conditions ?? []
    return !conditions.isEmpty && conditions.allSatisfy { $0.status == .true }
  }

  /// Takes a machine of class `any`, with that configuration.
  func allocate(_ config: String = LightRack.config, from serverClass: String = "any") throws {
    try siderite("allocate", "--class", serverClass, "--config", try file("machine.yaml", config))
  }

  static let config = """
    version: v1alpha1
    machine:
      type: worker
      network: {}
      kubelet: {}
    cluster:
      controlPlane: {endpoint: "https://10.98.255.1:6443"}

    """
}
