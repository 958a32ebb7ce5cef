import Foundation
import LinuxSystem
import Synchronization

/// Two Ethernet interfaces joined by a cable (veth), made for one test and removed with it.
final class VirtualCable: Sendable {
  /// Whether this process may make one; tests are disabled with this as their condition.
  static let canBeMade = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/sbin/ip")
  static let need = "needs root and iproute2"

  let near: String
  let far: String

  private static let counter = Atomic<Int>(0)

  init() throws {
    // 15 bytes is the most an interface name has.
    let number = Self.counter.add(1, ordering: .relaxed).newValue
    let stem = "sd\(String(getpid(), radix: 36))\(String(number, radix: 36))"
    near = stem + "a"
    far = stem + "b"
    try Command.run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
    for end in [near, far] {
      // No IPv6 chatter on the cable.
      try? "1".write(toFile: "/proc/sys/net/ipv6/conf/\(end)/disable_ipv6", atomically: false, encoding: .ascii)
      try Command.run("ip", "link", "set", end, "up")
    }
  }

  deinit { _ = try? Command.run("ip", "link", "delete", near) }
}
