import BMC
import BareMetal
import Foundation
import Glibc
import Testing

extension RackTests {
  @Suite("Serial consoles")
  struct ConsoleTests {
    @Test(
      "what the machine writes arrives, in order and complete, and what is typed arrives there",
      .timeLimit(.minutes(1)), arguments: [0, 1, 2, 3] as [UInt8])
    func bothWays(suite: UInt8) async throws {
      let machine = try SerialMachine()
      let bmc = try IPMISim(serialPort: machine.port)
      try machine.plugIn()
      try await withFleet { fleet async throws in
        var access = bmc.access()
        access.cipherSuites = [suite]
        access.allowsUnauthenticated = suite == 0
        let console = try await fleet.controller(for: .ipmi(access)).openConsole(takingOver: false)
        var seen = ConsoleReader(console)

        // More than one packet takes.
        let boot = (0..<200).map { "line \($0) of the boot\r\n" }.joined()
        machine.write(boot)
        #expect(try await seen.text(endingWith: "line 199 of the boot\r\n") == boot)

        try await console.type(Array("root\r".utf8))
        #expect(machine.read(5) == "root\r")
        machine.write("login: ")
        #expect(try await seen.text(endingWith: "login: ") == "login: ")

        let typed = (0..<40).map { "command \($0)\r" }.joined()
        try await console.type(Array(typed.utf8))
        #expect(machine.read(typed.utf8.count) == typed)
        await console.close()

        // The port is free again.
        let again = try await fleet.controller(for: .ipmi(access)).openConsole(takingOver: false)
        await again.close()
      }
    }

    @Test("a port that somebody has is taken only when asked to", .timeLimit(.minutes(1)))
    func takeOver() async throws {
      let machine = try SerialMachine()
      let bmc = try IPMISim(serialPort: machine.port)
      try machine.plugIn()
      var access = bmc.access()
      access.cipherSuites = [3]
      let first = access
      // Another user: another owner, with sessions of its own.
      var second = bmc.access(as: "operator", password: "watch")
      second.cipherSuites = [3]
      let other = second
      try await withFleet { fleet async throws in
        let console = try await fleet.controller(for: .ipmi(first)).openConsole(takingOver: false)
        await #expect(throws: BMCFailure.self) {
          try await fleet.controller(for: .ipmi(other)).openConsole(takingOver: false)
        }
        let taken = try await fleet.controller(for: .ipmi(other)).openConsole(takingOver: true)
        var seen = ConsoleReader(taken)
        machine.write("for the new one")
        #expect(try await seen.text(endingWith: "for the new one") == "for the new one")
        await taken.close()
        await console.close()
      }
    }
  }
}

/// The machine's end of the serial port: listens for the BMC.
private final class SerialMachine: @unchecked Sendable {
  let port: UInt16
  private let listener: Int32
  private var connection: Int32 = -1

  init() throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { [listener] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) + listen(listener, 1) + getsockname(listener, $0, &length)
      }
    }
    guard status == 0 else { throw Command.Failure(description: "no serial port: \(errno)") }
    port = UInt16(bigEndian: address.sin_port)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit {
    close(listener)
    if connection >= 0 { close(connection) }
  }

  /// Waits for the BMC.
  func plugIn() throws {
    connection = accept(listener, nil, nil)
    guard connection >= 0 else { throw Command.Failure(description: "the BMC does not want the serial port: \(errno)") }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// So many bytes, or those that came in 10 s.
  func read(_ count: Int) -> String {
    var bytes = [UInt8]()
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < count {
      let length = recv(connection, &buffer, min(buffer.count, count - bytes.count), 0)
      guard length > 0 else { break }
      bytes += buffer[..<length]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Reads a console's output up to a text.
private struct ConsoleReader {
  struct Ended: Error, CustomStringConvertible {
    let description: String
  }

  private var iterator: AsyncStream<ConsoleOutput>.AsyncIterator
  private var text = ""

  init(_ console: any SerialConsole) { iterator = console.output.makeAsyncIterator() }

  /// Everything since the last time, up to and with `end`. A console that falls silent hangs the test's time limit; one
  /// that ends or loses something is an error.
  mutating func text(endingWith end: String) async throws -> String {
    while !text.hasSuffix(end) {
      switch await iterator.next() {
      case .bytes(let bytes): text += String(decoding: bytes, as: UTF8.self)
      case .lost: throw Ended(description: "characters were lost after \(text.suffix(60))")
      case .sentBreak: break
      case .ended(let reason): throw Ended(description: "it ended: \(reason)")
      case nil: throw Ended(description: "the stream ended after \(text.suffix(60))")
      }
    }
    defer { text = "" }
    return text
  }
}
