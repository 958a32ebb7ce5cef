import CLinux
import Glibc
import Synchronization
import Testing

@testable import LinuxSystem

@Suite("The BMC's device")
struct IPMIDeviceTests {
  @Test("An answer is the one to the request: events, answers to others and to what was given up are passed over")
  func matching() throws {
    let kernel = FakeKernel { request in
      [
        .message(.init(kind: 2, id: request.id, function: 7, command: 1, data: [9])),
        .message(.init(kind: 1, id: request.id - 1, function: 7, command: 1, data: [9])),
        .message(.init(kind: 1, id: request.id, function: 7, command: 2, data: [9])),
        .message(.init(kind: 1, id: request.id, function: 5, command: 1, data: [9])),
        .error(EAGAIN),
        .message(.init(kind: 1, id: request.id, function: 7, command: 1, data: [0, 0x20, 0x81])),
      ]
    }
    var device = try kernel.device()
    let answer = try device.exchange(
      networkFunction: 6, lun: 0, command: 1, data: [1, 2, 3], timeout: .seconds(5))
    #expect(answer == [0, 0x20, 0x81])
    #expect(kernel.requests.map(\.data) == [[1, 2, 3]])
    #expect(kernel.requests.map(\.function) == [6])
    _ = try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(5))
    #expect(Set(kernel.requests.map(\.id)).count == 2, "every request has a number of its own")
  }

  @Test("Without an answer the time ends, and so does a stream of what was not asked for")
  func bounded() throws {
    let silent = FakeKernel { _ in [] }
    var device = try silent.device(isReadable: false)
    #expect(throws: SystemError(operation: "IPMI answer", subject: "/dev/ipmi0", code: ETIMEDOUT)) {
      try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .milliseconds(10))
    }
    let event = FakeKernel.Step.message(.init(kind: 2, id: 0, function: 7, command: 1, data: []))
    let chatty = FakeKernel { _ in Array(repeating: event, count: 100_000) }
    device = try chatty.device()
    #expect(throws: SystemError(operation: "IPMI answer", subject: "/dev/ipmi0", code: ETIMEDOUT)) {
      try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(3600))
    }
  }

  @Test("A message longer than it may be is cut; an empty one, and a length that lies, are no answer to trust")
  func sizes() throws {
    let long = FakeKernel { request in
      [.truncated(.init(kind: 1, id: request.id, function: 7, command: 1, data: Array(repeating: 1, count: 280)))]
    }
    var device = try long.device()
    #expect(try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(5)).count == 280)

    let lying = FakeKernel { request in
      [.message(.init(kind: 1, id: request.id, function: 7, command: 1, data: [0], length: 60_000))]
    }
    device = try lying.device()
    #expect(try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(5)).count == 280)

    let empty = FakeKernel { request in [.message(.init(kind: 1, id: request.id, function: 7, command: 1, data: []))] }
    device = try empty.device()
    #expect(throws: SystemError(operation: "IPMI answer", subject: "/dev/ipmi0", code: EPROTO)) {
      try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(5))
    }
    #expect(throws: SystemError.self) {
      try device.exchange(
        networkFunction: 6, lun: 0, command: 1, data: Array(repeating: 0, count: 281), timeout: .seconds(5))
    }
  }

  @Test("What the kernel refuses is an error that names the call")
  func refused() throws {
    let kernel = FakeKernel { _ in [.error(EIO)] }
    var device = try kernel.device()
    #expect(throws: SystemError(operation: "IPMICTL_RECEIVE_MSG_TRUNC", subject: "/dev/ipmi0", code: EIO)) {
      try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(5))
    }
    // A file that is no such device.
    device = try IPMIDevice(paths: ["/dev/ipmi-that-is-not-there", "/dev/null"])
    #expect(throws: SystemError(operation: "IPMICTL_SEND_COMMAND", subject: "/dev/null", code: ENOTTY)) {
      try device.exchange(networkFunction: 6, lun: 0, command: 1, data: [], timeout: .seconds(5))
    }
  }

  @Test("Without a device it is the first that is missed")
  func missing() {
    #expect(throws: SystemError(operation: "open", subject: "/dev/nothing0", code: ENOENT)) {
      _ = try IPMIDevice(paths: ["/dev/nothing0", "/dev/nothing/0"])
    }
  }
}

/// The kernel's side of the device: each request makes a queue of what is received then.
private final class FakeKernel: Sendable {
  struct Message {
    var kind: Int32
    var id: Int
    var function: UInt8
    var command: UInt8
    var data: [UInt8]
    /// What the kernel says the length is, if it is not the data's.
    var length: UInt16?
  }
  enum Step {
    case message(Message)
    case truncated(Message)
    case error(Int32)
  }

  private let queue = Mutex<[Step]>([])
  private let sent = Mutex<[Message]>([])
  private let answers: @Sendable (Message) -> [Step]

  init(answers: @escaping @Sendable (Message) -> [Step]) { self.answers = answers }

  var requests: [Message] { sent.withLock { $0 } }

  func device(isReadable: Bool = true) throws -> IPMIDevice {
    // Zeros can be read at any time; from a socket that nobody sends to, never.
    let descriptor =
      isReadable
      ? try FileDescriptor.openForReading("/dev/zero")
      : try FileDescriptor.socket(domain: AF_INET, type: Int32(SOCK_DGRAM.rawValue))
    return IPMIDevice(descriptor: descriptor, path: "/dev/ipmi0") { _, request, argument in
      request == clinux_ipmi_send_command
        ? self.send(argument.load(as: ipmi_req.self))
        : self.receive(argument.assumingMemoryBound(to: ipmi_recv.self))
    }
  }

  private func send(_ request: ipmi_req) -> Int32 {
    let message = request.msg
    let data = (0..<Int(message.data_len)).map { message.data[$0] }
    let record = Message(kind: 0, id: request.msgid, function: message.netfn, command: message.cmd, data: data)
    sent.withLock { $0.append(record) }
    queue.withLock { $0 = answers(record) }
    return 0
  }

  private func receive(_ target: UnsafeMutablePointer<ipmi_recv>) -> Int32 {
    let step = queue.withLock { $0.isEmpty ? Step.error(EIO) : $0.removeFirst() }
    switch step {
    case .error(let code):
      errno = code
      return -1
    case .message(let message), .truncated(let message):
      target.pointee.recv_type = message.kind
      target.pointee.msgid = message.id
      target.pointee.msg.netfn = message.function
      target.pointee.msg.cmd = message.command
      for (index, byte) in message.data.enumerated() { target.pointee.msg.data[index] = byte }
      target.pointee.msg.data_len = message.length ?? UInt16(message.data.count)
      guard case .truncated = step else { return 0 }
      errno = EMSGSIZE
      return -1
    }
  }
}
