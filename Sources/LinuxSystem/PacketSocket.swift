internal import CLinux
internal import Glibc

/// A socket below IP: whole Ethernet frames in and out of one interface, packet(7). Needs CAP_NET_RAW.
///
/// What DHCP needs before there is an address. Only frames that the kernel-side filter lets through arrive: untagged,
/// unfragmented IPv4 UDP to one port.
public struct PacketSocket: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  private let interface: String

  /// Opens the socket for UDP datagrams to `port` that arrive at `interface`.
  public init(interface: NetworkInterface, receivingUDPPort port: UInt16) throws(SystemError) {
    // Protocol 0: nothing arrives until the filter is in place and bind names the protocol.
    let socket = try FileDescriptor.socket(domain: AF_PACKET, type: Int32(SOCK_RAW.rawValue))
    var instructions = Self.filter(port: port)
    try systemCall("SO_ATTACH_FILTER", interface.name) {
      instructions.withUnsafeMutableBufferPointer { buffer in
        var program = sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
        return setsockopt(
          socket.rawValue, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout<sock_fprog>.size))
      }
    }
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(ETHERTYPE_IP).bigEndian
    address.sll_ifindex = interface.index
    try systemCall("bind", interface.name) {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
        }
      }
    }
    self.descriptor = socket
    self.interface = interface.name
  }

  /// Sends one Ethernet frame, header included.
  public func send(_ frame: [UInt8]) throws(SystemError) {
    try systemCall("send", interface) { Glibc.send(descriptor.rawValue, frame, frame.count, 0) }
  }

  /// The next frame; `nil` when none came within `timeout`.
  public func receive(timeout: Duration) throws(SystemError) -> [UInt8]? {
    guard try descriptor.wait(for: .readable, timeout: timeout) else { return nil }
    do {
      return try descriptor.read(upTo: 65_536)
    } catch {
      // The interface went down meanwhile: nothing arrived, and what to do about it shows elsewhere.
      if error.code == ENETDOWN || error.isTimeout { return nil }
      throw error
    }
  }

  /// `ip proto udp and dst port PORT` for Ethernet, first fragments only, in the machine code of filter.txt:
  /// load, jump (true, false: instructions to skip), return how many bytes to keep.
  private static func filter(port: UInt16) -> [sock_filter] {
    func load(_ size: Int32, at offset: UInt32) -> sock_filter {
      sock_filter(code: UInt16(BPF_LD | size | BPF_ABS), jt: 0, jf: 0, k: offset)
    }
    func skipUnless(_ test: Int32, _ value: UInt32, _ whenTrue: UInt8, _ whenFalse: UInt8) -> sock_filter {
      sock_filter(code: UInt16(BPF_JMP | test | BPF_K), jt: whenTrue, jf: whenFalse, k: value)
    }
    return [
      load(BPF_H, at: 12),
      skipUnless(BPF_JEQ, 0x0800, 0, 8),  // IPv4
      load(BPF_B, at: 23),
      skipUnless(BPF_JEQ, 17, 0, 6),  // UDP
      load(BPF_H, at: 20),
      skipUnless(BPF_JSET, 0x1fff, 4, 0),  // fragment offset 0
      sock_filter(code: UInt16(BPF_LDX | BPF_B | BPF_MSH), jt: 0, jf: 0, k: 14),  // X = length of the IPv4 header
      sock_filter(code: UInt16(BPF_LD | BPF_H | BPF_IND), jt: 0, jf: 0, k: 16),
      skipUnless(BPF_JEQ, UInt32(port), 0, 1),
      sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 65_535),
      sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
    ]
  }
}
