import LinuxSystem
import RawLink
import Testing
import Wire

@Suite("RawLink on a cable", .enabled(if: VirtualCable.canBeMade, Comment(rawValue: VirtualCable.need)))
struct RawLinkTests {
  static func frame(_ text: String, from mac: MACAddress, port: UInt16 = 67) throws -> [UInt8] {
    var bytes = [UInt8]()
    try UDPFrame(
      destinationMAC: .broadcast, sourceMAC: mac, source: .any, destination: .broadcast, sourcePort: 68,
      destinationPort: port
    ).serialize(payload: Array(text.utf8).span, into: &bytes)
    return bytes
  }

  static func text(_ bytes: Span<UInt8>) -> String? {
    guard let (_, payload) = try? UDPFrame.parse(bytes) else { return nil }
    return String(decoding: bytes.extracting(payload).bytesCopied, as: UTF8.self)
  }

  static func send(_ text: String, on interface: String) throws {
    let link = try RawLink(.dhcp(interface))
    let frame = try frame(text, from: link.macAddress)
    try link.send(frame.span)
  }

  /// Answers `x` with `re: x`.
  struct Echo: RawLinkHandler {
    func receive(_ frame: Span<UInt8>, on link: borrowing RawLink) {
      guard let text = RawLinkTests.text(frame),
        let reply = try? RawLinkTests.frame("re: \(text)", from: link.macAddress)
      else { return }
      try? link.send(reply.span)
    }
    func turn(on link: borrowing RawLink) {}
  }

  /// Sends its frames once it is there, then hands out what it hears.
  struct Peer: RawLinkHandler {
    var outbox: [[UInt8]]
    let heard: AsyncStream<String>.Continuation

    func receive(_ frame: Span<UInt8>, on link: borrowing RawLink) { heard.yield(RawLinkTests.text(frame) ?? "?") }
    mutating func turn(on link: borrowing RawLink) {
      for frame in outbox { try? link.send(frame.span) }
      outbox = []
    }
  }

  /// Runs an echo at one end and a peer that sends `frames` at the other until `count` answers were heard.
  static func exchange(_ frames: [[UInt8]], answers count: Int, on cable: VirtualCable) async throws -> [String] {
    let (stream, heard) = AsyncStream<String>.makeStream()
    let (ready, isReady) = AsyncStream<Void>.makeStream()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      let echo = try RawLinkLoop()
      let peer = try RawLinkLoop()
      group.addTask {
        try await echo.run(.dhcp(cable.near)) { _ in
          isReady.yield()
          return Echo()
        }
      }
      for await _ in ready { break }
      group.addTask {
        try await peer.run(.dhcp(cable.far)) { _ in Peer(outbox: frames, heard: heard) }
      }
      var answers = [String]()
      for await answer in stream {
        answers.append(answer)
        if answers.count == count { break }
      }
      group.cancelAll()
      try await group.waitForAll()
      return answers
    }
  }

  @Test("frames to port 67 and 4011 are heard, others and our own are not", .timeLimit(.minutes(1)))
  func filter() async throws {
    let cable = try VirtualCable()
    let mac = MACAddress(rawValue: 0x0200_0000_0001)
    let frames = [
      try Self.frame("dns", from: mac, port: 53),
      try Self.frame("discover", from: mac),
      try Self.frame("boot server", from: mac, port: 4011),
    ]
    let answers = try await Self.exchange(frames, answers: 2, on: cable)
    #expect(answers == ["re: discover", "re: boot server"])
  }

  @Test("1000 frames in one instant are all answered", .timeLimit(.minutes(1)))
  func storm() async throws {
    let cable = try VirtualCable()
    let frames = try (0..<1000).map { try Self.frame("\($0)", from: MACAddress(rawValue: 0x0200_0000_0000 + $0)) }
    let answers = try await Self.exchange(frames, answers: 1000, on: cable)
    #expect(answers == (0..<1000).map { "re: \($0)" })
  }

  @Test("an interface that is down is said to be down")
  func down() throws {
    let cable = try VirtualCable()
    try Command.run("ip", "link", "set", cable.near, "down")
    #expect(throws: RawLinkError.interfaceDown(cable.near)) { _ = try RawLink(.dhcp(cable.near)) }
  }

  @Test("an interface that goes down and comes up again goes on working", .timeLimit(.minutes(1)))
  func downAndUp() async throws {
    let cable = try VirtualCable()
    let (stream, heard) = AsyncStream<String>.makeStream()
    let (ready, isReady) = AsyncStream<Void>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      let loop = try RawLinkLoop()
      group.addTask {
        try await loop.run(.dhcp(cable.near)) { _ in
          isReady.yield()
          return Peer(outbox: [], heard: heard)
        }
      }
      for await _ in ready { break }
      try Command.run("ip", "link", "set", cable.near, "down")
      try Command.run("ip", "link", "set", cable.near, "up")
      try Self.send("again", on: cable.far)
      for await text in stream {
        #expect(text == "again")
        break
      }
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  @Test("a loop whose interface is removed ends with an error", .timeLimit(.minutes(1)))
  func removed() async throws {
    let cable = try VirtualCable()
    let (ready, isReady) = AsyncStream<Void>.makeStream()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await #expect(throws: RawLinkError.self) {
          let loop = try RawLinkLoop()
          try await loop.run(.dhcp(cable.near)) { _ in
            isReady.yield()
            return Echo()
          }
        }
      }
      for await _ in ready { break }
      #expect(throws: Never.self) { try Command.run("ip", "link", "delete", cable.near) }
      await group.waitForAll()
    }
  }

  @Test("a port is kept of an address that is ours, not of another")
  func portKeeper() throws {
    #expect(throws: Never.self) { _ = try PortKeeper(port: 0, of: .loopback, on: "lo") }
    let foreign = try #require(IPv4Address("192.0.2.1"))
    #expect(throws: SystemError.self) { _ = try PortKeeper(port: 0, of: foreign, on: "lo") }
  }
}
