import Testing
import Wire

@testable import LinuxSystem

@Suite("Many datagrams in one call")
struct DatagramBatchSocketTests {
  private func receive(_ socket: borrowing DatagramBatchSocket, _ count: Int) throws -> [DatagramBatchSocket.Datagram] {
    let never = try EventDescriptor()
    var all: [DatagramBatchSocket.Datagram] = []
    let end = ContinuousClock.now + .seconds(10)
    while all.count < count, .now < end {
      try socket.wait(orFor: never, upTo: end - .now)
      all += try socket.receive()
    }
    return all
  }

  @Test("what came to an address is answered from it, for more addresses than one call takes")
  func addresses() throws {
    let server = try DatagramBatchSocket(port: 0, capacity: 2048, receiveBuffer: 1 << 20, sendBuffer: 1 << 20)
    let client = try DatagramBatchSocket(port: 0, capacity: 2048, receiveBuffer: 1 << 20, sendBuffer: 1 << 20)
    let port = try server.port
    let count = DatagramBatchSocket.mostDatagrams + 36
    let questions = (0..<count).map {
      DatagramBatchSocket.Datagram(
        local: .any, remote: IPv4Address(rawValue: 0x7f0b_0001 + UInt32($0)), remotePort: port,
        bytes: [UInt8](repeating: UInt8($0), count: $0))
    }
    var rest = questions[...]
    while !rest.isEmpty { rest = rest.dropFirst(try client.send(rest)) }
    let heard = try receive(server, count)
    #expect(heard.map(\.local) == questions.map(\.remote))
    #expect(heard.map(\.bytes) == questions.map(\.bytes))
    let clientPort = try client.port
    #expect(heard.allSatisfy { $0.remotePort == clientPort })

    var answers = heard[...]
    while !answers.isEmpty { answers = answers.dropFirst(try server.send(answers)) }
    let back = try receive(client, count)
    #expect(back.map(\.remote) == questions.map(\.remote))
    #expect(back.map(\.bytes) == questions.map(\.bytes))
  }

  @Test("a datagram longer than the capacity is passed over, one that is not there is not waited for")
  func length() throws {
    let server = try DatagramBatchSocket(port: 0, capacity: 8, receiveBuffer: 1 << 16, sendBuffer: 1 << 16)
    let client = try DatagramBatchSocket(port: 0, capacity: 64, receiveBuffer: 1 << 16, sendBuffer: 1 << 16)
    #expect(try server.receive().isEmpty)
    let port = try server.port
    let datagrams = [9, 8, 0].map {
      DatagramBatchSocket.Datagram(
        local: .any, remote: .loopback, remotePort: port, bytes: [UInt8](repeating: 1, count: $0))
    }
    #expect(try client.send(datagrams[...]) == 3)
    #expect(try receive(server, 2).map(\.bytes.count) == [8, 0])
  }

  @Test("waiting ends with a signal, and with the time")
  func waiting() throws {
    let socket = try DatagramBatchSocket(port: 0, capacity: 8, receiveBuffer: 1 << 16, sendBuffer: 1 << 16)
    let waker = try EventDescriptor()
    try socket.wait(orFor: waker, upTo: .milliseconds(1))
    #expect(!waker.take())
    waker.signal()
    try socket.wait(orFor: waker, upTo: nil)
    #expect(waker.take())
  }
}
