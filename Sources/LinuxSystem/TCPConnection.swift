internal import CLinux
internal import Glibc
public import Wire

/// A TCP connection to a numeric address, every step of it bounded by one deadline.
///
/// For the agent, which has no event loop: its one connection may block. Names are not resolved: glibc's resolver does
/// not work in a static binary.
public struct TCPConnection: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  private let peer: String
  private let deadline: ContinuousClock.Instant

  /// Connects; everything this connection does ends at `deadline` at the latest.
  public init(to address: IPAddress, port: UInt16, deadline: ContinuousClock.Instant) throws(SystemError) {
    let peer = "\(address.urlHost):\(port)"
    let isIPv6 = if case .v6 = address { true } else { false }
    let socket = try FileDescriptor.socket(
      domain: isIPv6 ? AF_INET6 : AF_INET, type: Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
    do {
      try Self.begin(socket.rawValue, to: address, port: port, peer)
    } catch {
      guard error.code == EINPROGRESS else { throw error }
      guard try socket.wait(for: .writable, timeout: ContinuousClock.now.duration(to: deadline)) else {
        throw SystemError(operation: "connect", subject: peer, code: ETIMEDOUT)
      }
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      try systemCall("getsockopt", peer) { getsockopt(socket.rawValue, SOL_SOCKET, SO_ERROR, &code, &size) }
      guard code == 0 else { throw SystemError(operation: "connect", subject: peer, code: code) }
    }
    self.descriptor = socket
    self.peer = peer
    self.deadline = deadline
  }

  private static func begin(
    _ socket: Int32, to address: IPAddress, port: UInt16, _ peer: String
  ) throws(SystemError) {
    switch address {
    case .v4(let address):
      var target = sockaddr(address, port: port)
      try systemCall("connect", peer) { connect(socket, &target, socklen_t(MemoryLayout<sockaddr>.size)) }
    case .v6(let address):
      var target = sockaddr_in6()
      target.sin6_family = sa_family_t(AF_INET6)
      target.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &target.sin6_addr) { $0.copyBytes(from: address.bytes) }
      try systemCall("connect", peer) {
        withUnsafePointer(to: &target) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
          }
        }
      }
    }
  }

  /// Sends every byte.
  public func send(_ bytes: [UInt8]) throws(SystemError) {
    var sent = 0
    while sent < bytes.count {
      try waitUntil(.writable, "send")
      do {
        sent += try systemCall("send", peer) {
          bytes.withUnsafeBytes {
            Glibc.send(descriptor.rawValue, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
          }
        }
      } catch {
        guard error.code == EAGAIN else { throw error }
      }
    }
  }

  /// The next bytes, at most `limit`; empty when the peer has closed.
  public func receive(upTo limit: Int) throws(SystemError) -> [UInt8] {
    while true {
      try waitUntil(.readable, "receive")
      do {
        return try descriptor.read(upTo: limit)
      } catch {
        guard error.code == EAGAIN else { throw error }
      }
    }
  }

  private func waitUntil(_ readiness: FileDescriptor.Readiness, _ operation: StaticString) throws(SystemError) {
    guard try descriptor.wait(for: readiness, timeout: ContinuousClock.now.duration(to: deadline)) else {
      throw SystemError(operation: operation, subject: peer, code: ETIMEDOUT)
    }
  }
}
