import BareMetal
import Foundation
import Glibc
import Synchronization

/// A real BMC: one `ipmi_sim` of OpenIPMI on a loopback address of its own, for the time of a test. What it has (sensors,
/// parts, events) stands in tools/lab/bmc; who may do what, and what was switched, is here.
final class IPMISim {
  /// A user as lan.conf wants it. Number 1 is the one without a name.
  struct User {
    var number: Int
    var name: String
    var password: String
    var privilege = "admin"
  }

  static let users = [
    User(number: 2, name: "admin", password: "secret"),
    User(number: 3, name: "operator", password: "watch", privilege: "operator"),
    User(number: 4, name: "reader", password: "look", privilege: "user"),
  ]

  /// A block of 127/8 for this process and an address for each BMC: no other process takes the port between our choosing it
  /// and ipmi_sim's opening it.
  let address: String
  let port: UInt16 = 6230
  let directory: URL
  private var process: pid_t = 0

  private static let counter = Atomic<UInt32>(0)

  /// - Parameters:
  ///   - authentication: what IPMI 1.5 may use: `none`, `md2`, `md5`, `straight`
  ///   - serialPort: the TCP port, of this machine, that the BMC finds the machine's serial port at
  ///   - bmcKey: Kg
  init(
    users: [User] = IPMISim.users, authentication: String = "none md2 md5 straight", serialPort: UInt16? = nil,
    bmcKey: String? = nil
  ) throws {
    let number = Self.counter.add(1, ordering: .relaxed).newValue
    let process = UInt32(bitPattern: getpid())
    address = "127.\(64 + process >> 8 & 0x3f).\(process & 0xff).\(1 + number % 250)"
    directory = FileManager.default.temporaryDirectory.appending(path: "siderite-lab.bmc.\(process).\(number)")
    try? FileManager.default.removeItem(at: directory)
    // The persistent part of its memory: where ipmi_sim looks for it.
    let memory = directory.appending(path: "ipmi_sim/lab")
    try FileManager.default.createDirectory(at: memory, withIntermediateDirectories: true)
    try Command.run("sdrcomp", "-o", memory.appending(path: "sdr.20.main").path, Self.contents("bmc.sdrs"))
    try write("lan.conf", configuration(users, authentication, serialPort, bmcKey))
    try write("power", "0\n")
    try write("boot", "none\n")
    try write("switched", "")
    // Dash alone, without another program: a BMC answers at once.
    try write(
      "chassis.sh",
      """
      chassis() {
        case $1 in
          get)
            read -r state <\(directory.path)/$2
            echo "$2:$state" ;;
          set)
            echo "$2 $3" >>\(directory.path)/switched
            case $2 in
              power | boot) echo "$3" >"\(directory.path)/$2" ;;
              shutdown) echo 0 >\(directory.path)/power ;;
            esac ;;
        esac
      }
      """)
    try start()
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(at: directory)
  }

  /// How to speak with it as one of its users.
  func access(as user: String = "admin", password: String = "secret") -> IPMIAccess {
    IPMIAccess(host: address, port: port, credentials: Credentials(user: user, password: Secret(password)))
  }

  /// What was switched, in order: `power 1`, `boot pxe`, `reset 1`, `shutdown 1`. It forgets what it has told.
  func takeSwitched() throws -> [String] {
    let file = directory.appending(path: "switched")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    try "".write(to: file, atomically: false, encoding: .utf8)
    return lines
  }

  /// Whether the machine is on, past all BMCs.
  var isOn: Bool {
    get throws { try String(contentsOf: directory.appending(path: "power"), encoding: .utf8).hasPrefix("1") }
  }

  /// What `ipmitool` gets from it, in suite 3.
  @discardableResult
  func ipmitool(_ arguments: String..., user: String = "admin", password: String = "secret") throws -> String {
    try Command.run(
      [
        "ipmitool", "-I", "lanplus", "-C", "3", "-H", address, "-p", "\(port)", "-U", user, "-P", password, "-R", "2",
        "-N", "2",
      ] + arguments)
  }

  /// Pulls its plug. What it keeps, it keeps.
  func stop() {
    guard process != 0 else { return }
    kill(process, SIGKILL)
    Command.wait(for: process)
    process = 0
  }

  /// Starts it (again), and returns when it answers.
  func start() throws {
    let log = directory.appending(path: "log").path
    process = try Command.start(
      [
        "ipmi_sim", "-n", "-c", directory.appending(path: "lan.conf").path, "-f", Self.contents("bmc.emu"), "-s",
        directory.path,
      ], output: log)
    let socket = try BMCSocket(address: address, port: port)
    // RMCP, then an ASF presence ping: IPMI v2.0 §13.2.3.
    let ping: [UInt8] = [0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x01, 0x00, 0x00]
    for _ in 0..<200 {
      if socket.ask(ping, milliseconds: 50) != nil { return }
      // Before it listens, the kernel refuses at once: give it the time that an answer would have had.
      poll(nil, 0, 20)
    }
    throw Command.Failure(description: "no answer: \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
  }

  /// Takes every session it has, for as long as half-open ones last (30 s): 63 Open Session Requests.
  func exhaustSessions() throws {
    let socket = try BMCSocket(address: address, port: port)
    for number in UInt8(0)..<64 {
      let request: [UInt8] =
        [0x06, 0x00, 0xff, 0x07]  // RMCP: IPMI
        + [0x06, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0]  // RMCP+: Open Session Request, no session, 32 bytes
        + [number, 0, 0, 0, 0x5e, 0x55, 0x10, number]  // tag, highest privilege, our session
        + [0, 0, 0, 8, 1, 0, 0, 0] + [1, 0, 0, 8, 1, 0, 0, 0] + [2, 0, 0, 8, 1, 0, 0, 0]  // suite 3
      guard let answer = socket.ask(request, milliseconds: 1000) else { break }
      if answer.count > 17, answer[17] == 1 { return }  // insufficient resources
    }
    throw Command.Failure(description: "it has more than 63 sessions")
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(to: directory.appending(path: name), atomically: false, encoding: .utf8)
  }

  private func configuration(
    _ users: [User], _ authentication: String, _ serialPort: UInt16?, _ bmcKey: String?
  ) -> String {
    let levels = ["callback", "user", "operator", "admin"].map { "  allowed_auths_\($0) \(authentication)" }
    var lines = [
      "name \"lab\"", "set_working_mc 0x20", "startlan 1", "  addr \(address) \(port)", "  priv_limit admin",
    ]
    lines += levels + ["  guid a0b1c2d3e4f505061728394a5b6c7d8e"]
    if let bmcKey { lines.append("  bmc_key \"\(bmcKey)\"") }
    lines += ["endlan", "chassis_control \". \(directory.path)/chassis.sh; chassis\""]
    if let serialPort { lines.append("sol \"tcp:127.0.0.1:\(serialPort)\" 115200") }
    lines += users.map {
      "user \($0.number) true \"\($0.name)\" \"\($0.password)\" \($0.privilege) 10 none md2 md5 straight"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func contents(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "tools/lab/bmc/\(name)").path
  }
}

/// One datagram at a time, for what no client asks.
private struct BMCSocket: ~Copyable {
  private let descriptor: Int32

  init(address: String, port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    var peer = sockaddr_in()
    peer.sin_family = sa_family_t(AF_INET)
    peer.sin_port = port.bigEndian
    inet_pton(AF_INET, address, &peer.sin_addr)
    let status = withUnsafePointer(to: &peer) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw Command.Failure(description: "connect \(address): \(errno)") }
  }

  deinit { close(descriptor) }

  /// The answer, if one comes in time.
  borrowing func ask(_ bytes: [UInt8], milliseconds: Int) -> [UInt8]? {
    var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard send(descriptor, bytes, bytes.count, 0) == bytes.count else { return nil }
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer.prefix(count)) : nil
  }
}
