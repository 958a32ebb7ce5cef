import Glibc
import LinuxSystem
import Testing

@Suite("UDP sockets of either family")
struct UDPSocketTests {
  static let loopbacks: [[UInt8]] = [[127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]

  private func endpoint(_ address: [UInt8], port: UInt16 = 0) throws -> SocketEndpoint {
    try #require(SocketEndpoint(addressBytes: address, port: port))
  }

  /// Waits for something to read, at most so long as a broken test may take.
  private func wait(for socket: UDPSocket) throws {
    let poll = try EventPoll()
    try poll.add(socket.rawValue, number: 7)
    var numbers = [UInt64](repeating: 0, count: EventPoll.mostEvents)
    try #require(try poll.wait(milliseconds: 10_000, into: &numbers) == 1)
    #expect(numbers[0] == 7)
  }

  @Test("an endpoint keeps its address, its port and nothing else")
  func endpoints() throws {
    let four = try endpoint([192, 0, 2, 7], port: 69)
    #expect(four.addressBytes == [192, 0, 2, 7])
    #expect(four.host == (try endpoint([192, 0, 2, 7])))
    let six = try #require(
      SocketEndpoint(addressBytes: [0xfe, 0x80] + [UInt8](repeating: 1, count: 14), port: 1, scope: 3))
    #expect(six.addressBytes.count == 16)
    #expect(six.scope == 3)
    #expect(SocketEndpoint(addressBytes: [1, 2, 3], port: 1) == nil)
    #expect(SocketEndpoint(socketAddressBytes: [2, 0, 0, 69, 192, 0, 2, 7] + [UInt8](repeating: 0, count: 8)) == four)
    #expect(SocketEndpoint(socketAddressBytes: [2, 0, 0, 69]) == nil)
    #expect(SocketEndpoint(socketAddressBytes: [UInt8](repeating: 1, count: 110)) == nil)
    #expect(try endpoint([0, 0, 0, 0]).isWildcard)
    #expect(try endpoint([224, 0, 0, 1]).isMulticast)
    #expect(try endpoint([239, 255, 255, 255]).isMulticast)
    #expect(try !endpoint([223, 255, 255, 255]).isMulticast)
    #expect(try endpoint([0xff] + [UInt8](repeating: 0, count: 15)).isMulticast)
    #expect(try endpoint([255, 255, 255, 255]).isLimitedBroadcast)
  }

  @Test("bytes go there and back, and nothing more is there", arguments: loopbacks)
  func exchange(address: [UInt8]) throws {
    let server = try UDPSocket(boundTo: try endpoint(address))
    let client = try UDPSocket(boundTo: try endpoint(address))
    let local = try #require(server.local)
    #expect(local.port != 0)
    try client.connect(to: local)
    var buffer = [UInt8](repeating: 0, count: 100)
    #expect(try server.receive(into: &buffer) == nil)
    try client.send(Array("ping".utf8), to: nil)
    try wait(for: server)
    let received = try #require(try server.receive(into: &buffer))
    #expect(Array(buffer.prefix(received.count)) == Array("ping".utf8))
    #expect(received.source == client.local)
    #expect(received.destination == nil)
    #expect(try server.receive(into: &buffer) == nil)
    try server.send(Array("pong".utf8), to: received.source)
    try wait(for: client)
    #expect(try client.receiveFromPeer(into: &buffer) == 4)
    #expect(try client.receiveFromPeer(into: &buffer) == nil)
    #expect((client.pathMTU ?? 0) > 1280)
  }

  @Test("a socket on all addresses says which was asked")
  func destinations() throws {
    let server = try UDPSocket(boundTo: try endpoint([0, 0, 0, 0]))
    try server.reportDestinations()
    let port = try #require(server.local).port
    let client = try UDPSocket(boundTo: try endpoint([127, 0, 0, 1]))
    var buffer = [UInt8](repeating: 0, count: 100)
    for last in [3, 9] as [UInt8] {
      try client.send([1], to: try endpoint([127, 0, 0, last], port: port))
      try wait(for: server)
      #expect(try server.receive(into: &buffer)?.destination == (try endpoint([127, 0, 0, last])))
    }
  }

  @Test("sockets that share a port each get all of some hosts, and nobody else gets the port")
  func group() throws {
    let sockets = try UDPSocket.group(of: 3, boundTo: try endpoint([0, 0, 0, 0]))
    let port = try #require(sockets.first?.local).port
    #expect(sockets.map { $0.local?.port } == [port, port, port])
    let error = #expect(throws: SystemError.self) {
      try UDPSocket.group(of: 3, boundTo: try endpoint([0, 0, 0, 0], port: port))
    }
    #expect(error?.code == EADDRINUSE)
    let hosts = (1...9).map { UInt8($0) }
    // Two from each host, from different ports.
    for _ in 0..<2 {
      for host in hosts {
        let client = try UDPSocket(boundTo: try endpoint([127, 0, 0, host]))
        try client.send([host], to: try endpoint([127, 0, 0, 1], port: port))
      }
    }
    var buffer = [UInt8](repeating: 0, count: 10)
    var shares = [[UInt8]]()
    for socket in sockets {
      try wait(for: socket)
      var share = [UInt8]()
      while try socket.receive(into: &buffer) != nil { share.append(buffer[0]) }
      shares.append(share.sorted())
    }
    #expect(shares.map(\.count) == [6, 6, 6])
    for host in hosts { #expect(shares.filter { $0.contains(host) }.count == 1) }
  }

  @Test("a closed port is told as a refusal")
  func refusal() throws {
    let client = try UDPSocket(boundTo: try endpoint([127, 0, 0, 1]))
    do {
      let gone = try UDPSocket(boundTo: try endpoint([127, 0, 0, 1]))
      try client.connect(to: try #require(gone.local))
    }
    try client.send([1], to: nil)
    try wait(for: client)
    var buffer = [UInt8](repeating: 0, count: 100)
    let error = #expect(throws: SystemError.self) { try client.receiveFromPeer(into: &buffer) }
    #expect(error?.isRefusal == true)
  }

  /// Sends so many bytes in pieces of 1000, the first numbered 65534, and looks at what arrives.
  private func pieces(_ size: Int, segmented: Bool, connected: Bool, address: [UInt8]) throws {
    let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    let count = size / 1000 + 1
    let receiver = try UDPSocket(boundTo: try endpoint(address))
    receiver.reserve(receiveBuffer: 1 << 20)
    let sender = try UDPSocket(boundTo: try endpoint(address))
    let local = try #require(receiver.local)
    if connected { try sender.connect(to: local) }
    let sent = try content.withUnsafeBytes { bytes in
      try sender.send(
        UDPSocket.Pieces(
          tag: 0x0102, firstNumber: 65534, count: count, size: 1000, content: bytes, areSegmented: segmented),
        to: connected ? nil : local)
    }
    #expect(sent == count)
    var buffer = [UInt8](repeating: 0, count: 2000)
    for index in 0..<count {
      try wait(for: receiver)
      let received = try #require(try receiver.receive(into: &buffer))
      let number = UInt16(truncatingIfNeeded: 65534 + index)
      let header = [1, 2, UInt8(number >> 8), UInt8(number & 0xff)]
      #expect(
        Array(buffer.prefix(received.count)) == header + content[index * 1000..<min(index * 1000 + 1000, size)])
    }
  }

  @Test(
    "a window arrives piece by piece, cut by the kernel or not", arguments: [0, 1, 999, 1000, 5000, 63_500], loopbacks)
  func windows(size: Int, address: [UInt8]) throws {
    for segmented in [false, true] {
      for connected in [false, true] { try pieces(size, segmented: segmented, connected: connected, address: address) }
    }
  }

  @Test("where the kernel will not cut, it says so, and the same pieces go one by one")
  func unsegmented() throws {
    let receiver = try UDPSocket(boundTo: try endpoint([127, 0, 0, 1]))
    let sender = try UDPSocket(boundTo: try endpoint([127, 0, 0, 1]))
    try sender.connect(to: try #require(receiver.local))
    // Without checksums there is nothing to leave to a device.
    var on: Int32 = 1
    try #require(setsockopt(sender.rawValue, SOL_SOCKET, SO_NO_CHECK, &on, socklen_t(MemoryLayout<Int32>.size)) == 0)
    let content = [UInt8](repeating: 5, count: 2500)
    try content.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws in
      var pieces = UDPSocket.Pieces(
        tag: 1, firstNumber: 1, count: 3, size: 1000, content: bytes, areSegmented: true)
      let error = #expect(throws: SystemError.self) { try sender.send(pieces, to: nil) }
      #expect(error?.isSegmentationRefusal == true)
      pieces.areSegmented = false
      #expect(try sender.send(pieces, to: nil) == 3)
    }
  }

  @Test("a timer that is set again tells of the last time only, once")
  func timer() throws {
    let timer = try TimerDescriptor()
    let poll = try EventPoll()
    try poll.add(timer.rawValue, number: 1)
    var numbers = [UInt64](repeating: 0, count: EventPoll.mostEvents)
    #expect(try poll.wait(milliseconds: 0, into: &numbers) == 0)
    timer.set(in: .zero)
    timer.set(in: .seconds(3600))
    #expect(try poll.wait(milliseconds: 5, into: &numbers) == 0)
    timer.set(in: .seconds(-5))
    #expect(try poll.wait(milliseconds: 10_000, into: &numbers) == 1)
    timer.take()
    #expect(try poll.wait(milliseconds: 0, into: &numbers) == 0)
  }
}
