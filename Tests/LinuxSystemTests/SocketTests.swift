import Glibc
import LinuxSystem
import Testing
import Wire

@Suite("Sockets")
struct SocketTests {
  /// A listening TCP socket on loopback.
  private struct Listener: ~Copyable {
    let socket: FileDescriptor
    let port: UInt16

    /// The next connection's other end.
    func accept() -> FileDescriptor { FileDescriptor(owning: Glibc.accept(socket.rawValue, nil, nil)) }
  }

  private func listener() throws -> Listener {
    let socket = try FileDescriptor.socket(domain: AF_INET, type: Int32(SOCK_STREAM.rawValue))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket.rawValue, $0, length) == 0 && listen(socket.rawValue, 1) == 0
          && getsockname(socket.rawValue, $0, &length) == 0
      }
    }
    try #require(result)
    return Listener(socket: socket, port: UInt16(bigEndian: address.sin_port))
  }

  @Test("Bytes go there and back")
  func exchange() throws {
    let server = try listener()
    let client = try TCPConnection(to: .loopback, port: server.port, deadline: .now + .seconds(10))
    let peer = server.accept()
    try client.send(Array("ping".utf8))
    #expect(try peer.read(upTo: 100) == Array("ping".utf8))
    try peer.write(Array("pong".utf8))
    #expect(try client.receive(upTo: 100) == Array("pong".utf8))
  }

  @Test("A server that closes gives no bytes")
  func closed() throws {
    let server = try listener()
    let client = try TCPConnection(to: .loopback, port: server.port, deadline: .now + .seconds(10))
    do { _ = server.accept() }
    #expect(try client.receive(upTo: 100).isEmpty)
  }

  @Test("A server that says nothing is given up at the deadline")
  func silent() throws {
    let server = try listener()
    let client = try TCPConnection(to: .loopback, port: server.port, deadline: .now + .milliseconds(50))
    #expect { try client.receive(upTo: 100) } throws: { ($0 as? SystemError)?.code == ETIMEDOUT }
  }

  @Test("Nobody listening is an error that names the peer")
  func refused() throws {
    let port = try listener().port
    #expect { _ = try TCPConnection(to: .loopback, port: port, deadline: .now + .seconds(10)) } throws: {
      ($0 as? SystemError)?.description == "connect 127.0.0.1:\(port): Connection refused"
    }
  }

  @Test("The packet socket takes UDP to its port and nothing else", .enabled(if: getuid() == 0, "needs CAP_NET_RAW"))
  func packets() throws {
    let loopback = try #require(try NetworkInterface.named("lo"))
    let ports = try (0..<2).map { _ in try listener().port }  // ports nobody else uses
    let socket = try PacketSocket(interface: loopback, receivingUDPPort: ports[0])
    let sender = try DatagramSocket(port: 0, interface: loopback)
    try sender.send(Array("no".utf8), to: .loopback, port: ports[1])
    try sender.send(Array("yes".utf8), to: .loopback, port: ports[0])
    let bytes = try #require(try socket.receive(timeout: .seconds(10)))
    let (frame, payload) = try UDPFrame.parse(bytes.span)
    #expect(frame.destinationPort == ports[0])
    #expect(Array(bytes[payload]) == Array("yes".utf8))
  }

  @Test("A packet socket that hears nothing says so in time", .enabled(if: getuid() == 0, "needs CAP_NET_RAW"))
  func silence() throws {
    let loopback = try #require(try NetworkInterface.named("lo"))
    let socket = try PacketSocket(interface: loopback, receivingUDPPort: try listener().port)
    #expect(try socket.receive(timeout: .milliseconds(20)) == nil)
  }
}
