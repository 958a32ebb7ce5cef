import BootServices
import Glibc
import LinuxSystem
import NIOCore
import TFTP
import TFTPTesting
import Testing

/// The service on a free port of 127.0.0.1, read by a client of our own.
struct TFTPServiceTests {
  private static func content(_ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 9) }
  }

  private static let request = TFTPPacket.readRequest(TFTPRequest(name: "file")).bytes

  private func packet(_ bytes: [UInt8]) throws -> TFTPPacket { try TFTPPacket(parsing: bytes.span) }

  @Test(
    "files of every size arrive whole, with every window, whether or not the kernel cuts packets",
    arguments: [0, 1, 511, 512, 513, 1468 * 64, 150_001], [1, 4, 64])
  func reading(size: Int, window: Int) async throws {
    let content = Self.content(size)
    for usesSegmentation in [true, false] {
      try await TFTPServer.run(["file": content], configure: { $0.usesSegmentation = usesSegmentation }) { server in
        let outcome = try await TFTPLoopbackClient.read(
          TFTPReader("/file", blockSize: 1468, windowSize: window, asksSize: true), from: server.address)
        #expect(outcome.bytes == content)
        #expect(outcome.granted.first { $0.name == .blockSize }?.value == "1468")
        #expect(outcome.granted.first { $0.name == .windowSize }?.value == String(window))
        #expect(outcome.peer?.ipAddress == "127.0.0.1")
        #expect(outcome.peer?.port != server.port)
      }
    }
  }

  @Test("in single-port mode the answers come from the port that listens", arguments: [1, 16])
  func singlePort(window: Int) async throws {
    let content = Self.content(100_000)
    try await TFTPServer.run(["file": content], configure: { $0.portMode = .single }) { server in
      let outcome = try await TFTPLoopbackClient.read(
        TFTPReader("file", windowSize: window), from: server.address)
      #expect(outcome.bytes == content)
      #expect(outcome.peer == server.address)
    }
  }

  @Test("listening on all addresses, the answers come from the one that was asked")
  func source() async throws {
    let all = try SocketAddress(ipAddress: "0.0.0.0", port: 0)
    try await TFTPServer.run(["file": [1, 2, 3]], configure: { $0.addresses = [all] }) { server in
      let asked = try SocketAddress(ipAddress: "127.0.0.9", port: server.port)
      let outcome = try await TFTPLoopbackClient.read(TFTPReader("file"), from: asked)
      #expect(outcome.bytes == [1, 2, 3])
      #expect(outcome.peer?.ipAddress == "127.0.0.9")
    }
  }

  @Test("IPv6 is served as IPv4 is", arguments: [1, 16])
  func ipv6(window: Int) async throws {
    let content = Self.content(100_000)
    let loopback = try SocketAddress(ipAddress: "::1", port: 0)
    try await TFTPServer.run(["file": content], configure: { $0.addresses = [loopback] }) { server in
      let outcome = try await TFTPLoopbackClient.read(
        TFTPReader("file", blockSize: 1400, windowSize: window), from: server.address, on: "::1")
      #expect(outcome.bytes == content)
      #expect(outcome.peer?.ipAddress == "::1")
    }
  }

  /// The descriptor of this process's UDP socket on a port of IPv4.
  private func descriptor(onPort port: UInt16) -> Int32? {
    (0..<4096).first { number in
      var bytes = [UInt8](repeating: 0, count: 128)
      var length = socklen_t(bytes.count)
      let result = bytes.withUnsafeMutableBytes {
        getsockname(number, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
      }
      let endpoint = SocketEndpoint(socketAddressBytes: Array(bytes.prefix(Int(length))))
      return result == 0 && endpoint?.family == .ipv4 && endpoint?.port == port
    }
  }

  @Test("where the kernel refuses to cut windows, they go packet by packet, and none is lost")
  func segmentationRefused() async throws {
    let content = Self.content(20_000)
    try await TFTPServer.run(["file": content]) { server in
      let client = try UDPSocket(boundTo: try #require(SocketEndpoint(addressBytes: [127, 0, 0, 1], port: 0)))
      let poll = try EventPoll()
      try poll.add(client.rawValue, number: 0)
      var numbers = [UInt64](repeating: 0, count: EventPoll.mostEvents)
      var buffer = [UInt8](repeating: 0, count: 2000)
      func receive() throws -> (packet: TFTPPacket, bytes: [UInt8], from: SocketEndpoint) {
        try #require(try poll.wait(milliseconds: 10_000, into: &numbers) == 1)
        let received = try #require(try client.receive(into: &buffer))
        let bytes = Array(buffer.prefix(received.count))
        return (try packet(bytes), bytes, received.source)
      }
      let request = TFTPRequest(name: "file", options: [.init(.blockSize, "1468"), .init(.windowSize, "8")])
      let asked: SocketEndpoint = try #require(
        SocketEndpoint(addressBytes: [127, 0, 0, 1], port: UInt16(server.port)))
      try client.send(TFTPPacket.readRequest(request).bytes, to: asked)
      let peer = try receive().from
      // What devices that make no checksums were refused for: the kernel cuts no window that shall have none.
      let socket = try #require(descriptor(onPort: peer.port))
      var on: Int32 = 1
      try #require(setsockopt(socket, SOL_SOCKET, SO_NO_CHECK, &on, socklen_t(MemoryLayout<Int32>.size)) == 0)
      var read = [UInt8]()
      for window in [0..<8, 8..<14] {
        try client.send(TFTPPacket.acknowledgement(block: UInt16(window.lowerBound)).bytes, to: peer)
        for block in window {
          let (packet, bytes, _) = try receive()
          #expect(packet == .data(block: UInt16(block + 1), content: 4..<bytes.count))
          read += bytes.dropFirst(4)
        }
      }
      try client.send(TFTPPacket.acknowledgement(block: 14).bytes, to: peer)
      #expect(read == content)
      _ = await server.event { if case .finished = $0 { true } else { false } }
      #expect(server.service.statistics.segmentationRefusals == 1)
      #expect(server.service.statistics.droppedSends == 0)
    }
  }

  @Test("one in twenty datagrams lost each way: the file arrives all the same", arguments: [1, 8, 64])
  func loss(window: Int) async throws {
    let content = Self.content(100_000)
    try await TFTPServer.run(["file": content]) { server in
      let outcome = try await TFTPLoopbackClient.read(
        TFTPReader("file", windowSize: window), from: server.address,
        loss: TFTPLoopbackClient.Loss(seed: UInt64(window), oneIn: 20))
      #expect(outcome.bytes == content)
    }
  }

  @Test("netascii converts, and tells the size after conversion")
  func netascii() async throws {
    let text = String(repeating: "line\nand \r\n", count: 300)
    try await TFTPServer.run(["file": Array(text.utf8)]) { server in
      let outcome = try await TFTPLoopbackClient.read(
        TFTPReader("file", mode: .netascii, windowSize: 4, asksSize: true), from: server.address)
      let sent = String(repeating: "line\r\nand \r\0\r\n", count: 300)
      #expect(outcome.bytes == Array(sent.utf8))
      #expect(outcome.granted.first { $0.name == .transferSize }?.value == String(sent.utf8.count))
    }
  }

  static let refusals: [(TFTPRequest, TFTPErrorCode, String)] = [
    (TFTPRequest(name: "none.efi"), .fileNotFound, "none.efi"),
    (TFTPRequest(name: "../../etc/passwd"), .fileNotFound, "no such file"),
    (TFTPRequest(name: ""), .fileNotFound, "no such file"),
    (TFTPRequest(name: "file", mode: TFTPRequest.Mode(rawValue: "mail")), .illegalOperation, "mode"),
    (TFTPRequest(name: "file", options: [TFTPOption(.blockSize, "7")]), .optionNegotiation, "blksize"),
    (TFTPRequest(name: "file", options: [TFTPOption(.windowSize, "0")]), .optionNegotiation, "windowsize"),
  ]

  @Test(
    "what cannot be served is refused in words", arguments: refusals, [TFTPConfiguration.PortMode.perTransfer, .single])
  func refusal(of refused: (TFTPRequest, TFTPErrorCode, String), mode: TFTPConfiguration.PortMode) async throws {
    let (request, code, words) = refused
    try await TFTPServer.run(["file": [1]], configure: { $0.portMode = mode }) { server in
      let outcome = try await TFTPLoopbackClient.read(TFTPReader(request), from: server.address)
      #expect(outcome.refusal?.code == code)
      #expect(outcome.refusal?.message.contains(words) == true)
      #expect(server.service.statistics.refused == 1)
      #expect(server.service.statistics.started == 0)
    }
  }

  @Test("a write is refused with ERROR 2")
  func write() async throws {
    try await TFTPServer.run([:]) { server in
      let answers = try await Datagrams.exchange(
        [TFTPPacket.writeRequest(TFTPRequest(name: "file")).bytes], with: server.address)
      let answer = try #require(answers.first)
      #expect(try packet(answer) == .error(.accessViolation, message: "this server is read-only"))
    }
  }

  @Test("malformed datagrams are dropped and counted, and the next request is served")
  func malformed() async throws {
    let request = TFTPPacket.readRequest(
      TFTPRequest(name: "file", options: [TFTPOption(.blockSize, "1468"), TFTPOption(.windowSize, "4")])
    ).bytes
    var wrong: [[UInt8]] = (0..<request.count).map { Array(request[..<$0]) }
    for bit in 0..<request.count * 8 {
      var flipped = request
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      wrong.append(flipped)
    }
    let datagrams = wrong
    try await TFTPServer.run(["file": [7]]) { server in
      _ = try await Datagrams.exchange(datagrams, with: server.address, answers: 0)
      let outcome = try await TFTPLoopbackClient.read(TFTPReader("file"), from: server.address)
      #expect(outcome.bytes == [7])
      #expect(server.service.statistics.malformed >= 10)
    }
  }

  @Test("a hundred clients at once share one content", .timeLimit(.minutes(1)))
  func crowd() async throws {
    let content = Self.content(100_000)
    try await TFTPServer.run(["file": content], configure: { $0.maximumTransfersPerClient = 200 }) { server in
      let address = server.address
      try await withThrowingTaskGroup(of: Bool.self) { clients in
        for number in 0..<100 {
          clients.addTask {
            let reader = TFTPReader("file", blockSize: 1468, windowSize: number % 2 == 0 ? 1 : 16)
            return try await TFTPLoopbackClient.read(reader, from: address).bytes == content
          }
        }
        for try await isEqual in clients { #expect(isEqual) }
      }
      // The last acknowledgement of a client is on its way when the client has everything.
      while server.service.statistics.finished < 100 { await Task.yield() }
      #expect(server.service.statistics.started == 100)
    }
  }

  @Test("a request beyond what one client may have is dropped and counted")
  func perClient() async throws {
    try await TFTPServer.run(["file": Self.content(2000)], configure: { $0.maximumTransfersPerClient = 1 }) { server in
      let address = server.address
      async let silent = Datagrams.exchange([Self.request], with: address, answers: 2)
      _ = await server.event { if case .started = $0 { true } else { false } }
      _ = try await Datagrams.exchange([Self.request], with: address, answers: 0)
      while server.service.statistics.droppedPerClient == 0 { await Task.yield() }
      #expect(server.service.statistics.started == 1)
      await server.shutDown()
      _ = try await silent
    }
  }

  @Test("what happens to a request is reported in order")
  func events() async throws {
    let content = Self.content(3_000_000)
    try await TFTPServer.run(["file": content]) { server in
      _ = try await TFTPLoopbackClient.read(
        TFTPReader("file", blockSize: 1468, windowSize: 64), from: server.address)
      let last = await server.event { if case .finished = $0 { true } else { false } }
      #expect(last?.name == "file")
      let kinds = server.events.map(\.kind)
      #expect(kinds.first == .started(size: 3_000_000))
      #expect((3...5).contains(kinds.count))
      #expect(
        kinds.dropFirst().dropLast().allSatisfy { if case .progressed(_, 3_000_000) = $0 { true } else { false } })
    }
  }

  @Test("a client that asks for the size only is not a failure")
  func probe() async throws {
    try await TFTPServer.run(["file": Self.content(5000)]) { server in
      let request = TFTPRequest(name: "file", options: [TFTPOption(.transferSize, "0")])
      _ = try await Datagrams.exchange(
        [TFTPPacket.readRequest(request).bytes], with: server.address,
        then: TFTPPacket.error(.undefined, message: "size known").bytes)
      let event = await server.event { if case .started = $0 { false } else { true } }
      #expect(event?.kind == .declined(size: 5000))
    }
  }

  @Test("a client that is gone ends its transfer at once")
  func gone() async throws {
    try await TFTPServer.run(["file": Self.content(5000)]) { server in
      _ = try await Datagrams.exchange(
        [Self.request], with: server.address)
      // The socket is closed now: the first repetition is refused by the kernel.
      let event = await server.event { if case .failed = $0 { true } else { false } }
      #expect(event?.kind == .failed(.unreachable, bytes: 0))
    }
  }

  @Test("a shutdown ends what does not end by itself, and tells the client")
  func shutdown() async throws {
    try await TFTPServer.run(["file": Self.content(5000)]) { server in
      let address = server.address
      async let answers = Datagrams.exchange([Self.request], with: address, answers: 2)
      _ = await server.event { if case .started = $0 { true } else { false } }
      await server.shutDown()
      let last = try #require(try await answers.last)
      #expect(try packet(last) == .error(.undefined, message: "the server is shutting down"))
      let event = await server.event { if case .failed = $0 { true } else { false } }
      #expect(event?.kind == .failed(.shutDown, bytes: 0))
    }
  }

  @Test("a port in use is one line that says what to do")
  func portInUse() async throws {
    try await TFTPServer.run([:]) { server in
      do {
        try await TFTPServer.run([:], configure: { $0.addresses = [server.address] }) { _ in }
        Issue.record("listened twice")
      } catch let error as TFTPBindError {
        #expect(error.description.contains("is in use"))
        #expect(!error.description.contains("\n"))
      }
    }
  }
}
