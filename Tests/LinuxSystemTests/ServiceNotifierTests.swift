import Glibc
import LinuxSystem
import Testing

@Suite("Notifications to systemd")
struct ServiceNotifierTests {
  @Test("Without a socket nothing happens", arguments: [nil, ""])
  func disabled(path: String?) throws {
    let notifier = ServiceNotifier(socketPath: path)
    #expect(!notifier.isEnabled)
    try notifier.notify(.ready)
  }

  @Test(
    "States arrive as one datagram, a line each, in the file system and the abstract namespace",
    arguments: ["/tmp/", "@"])
  func delivered(prefix: String) throws {
    let path = prefix + "siderite-notify-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let listener = try FileDescriptor.socket(domain: AF_UNIX, type: Int32(SOCK_DGRAM.rawValue))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array((prefix == "@" ? "\0" + path.dropFirst() : path[...]).utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener.rawValue, $0, length) }
    }
    try #require(bound == 0)
    defer { if prefix != "@" { unlink(path) } }

    try ServiceNotifier(socketPath: path).notify(.ready, .status("two\nlines"))
    #expect(String(decoding: try listener.read(upTo: 1000), as: UTF8.self) == "READY=1\nSTATUS=two lines")
  }

  @Test("A socket that is not there, or cannot be named, is an error that says so")
  func missing() {
    #expect(throws: SystemError.self) { try ServiceNotifier(socketPath: "/nonexistent/notify").notify(.ready) }
    #expect(throws: SystemError.self) {
      try ServiceNotifier(socketPath: "/" + String(repeating: "a", count: 200)).notify(.ready)
    }
  }
}
