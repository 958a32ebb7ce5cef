internal import CLinux
internal import Glibc

/// The kernel's way to this machine's own BMC, through its system interface (KCS, BT, SMIC or SSIF): `/dev/ipmi0`, see
/// `linux/ipmi.h`.
///
/// One request at a time. The kernel repeats on the system interface what gets lost there, and when the BMC stays silent
/// answers by itself with completion code 0xC3, 0xCE or 0xFF: our own limit is for drivers that hang.
public struct IPMIDevice: ~Copyable, Sendable {
  /// Where the device is, by driver and age of the system that named it.
  public static let paths = ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"]

  /// Whether a device may still appear: without the drivers none will.
  public static var isDriverLoaded: Bool { access("/sys/module/ipmi_devintf", F_OK) == 0 }

  /// `IPMI_MAX_MSG_LENGTH`, and room for the kernel's own completion code: no message of the kernel is larger.
  private static let largestMessage = 280

  /// Messages that are no answer to what was asked (events, answers to what was given up) before we give up: the kernel
  /// queues far fewer, so more means that they never end.
  static let strayLimit = 128

  /// The kernel, `ioctl`: what fails returns -1 and sets `errno`.
  typealias Control = @Sendable (_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32

  private let descriptor: FileDescriptor
  private let path: String
  private let control: Control
  private var lastMessage = 0

  /// Opens the first of ``paths`` that is there.
  /// - Throws: ENOENT when none is.
  public init() throws(SystemError) { try self.init(paths: Self.paths) }

  init(paths: [String]) throws(SystemError) {
    for path in paths {
      do {
        let descriptor = try FileDescriptor.open(path, flags: O_RDWR)
        self.init(descriptor: descriptor, path: path) { clinux_ioctl($0, $1, $2) }
        return
      } catch {
        guard error.isNotFound else { throw error }
      }
    }
    throw SystemError(operation: "open", subject: paths.first ?? "", code: ENOENT)
  }

  init(descriptor: consuming FileDescriptor, path: String, control: @escaping Control) {
    self.descriptor = descriptor
    self.path = path
    self.control = control
  }

  /// Sends a command to the BMC and waits for its answer: the completion code, and what follows it. Never empty.
  ///
  /// - Throws: ETIMEDOUT when there is no answer in time; the command may have been carried out nevertheless.
  public mutating func exchange(
    networkFunction: UInt8, lun: UInt8, command: UInt8, data: [UInt8], timeout: Duration
  ) throws(SystemError) -> [UInt8] {
    let deadline = ContinuousClock.now + timeout
    lastMessage &+= 1
    try send(networkFunction: networkFunction, lun: lun, command: command, data: data)
    for _ in 0..<Self.strayLimit {
      guard try descriptor.wait(for: .readable, timeout: ContinuousClock.now.duration(to: deadline)) else { break }
      guard let message = try receive() else { continue }
      guard message.isResponse, message.id == lastMessage, message.command == command,
        message.networkFunction == networkFunction | 1
      else { continue }
      guard !message.data.isEmpty else { throw SystemError(operation: "IPMI answer", subject: path, code: EPROTO) }
      return message.data
    }
    throw SystemError(operation: "IPMI answer", subject: path, code: ETIMEDOUT)
  }

  private func send(networkFunction: UInt8, lun: UInt8, command: UInt8, data: [UInt8]) throws(SystemError) {
    guard data.count <= Self.largestMessage else {
      throw SystemError(operation: "IPMICTL_SEND_COMMAND", subject: path, code: EMSGSIZE)
    }
    var address = ipmi_system_interface_addr(
      addr_type: IPMI_SYSTEM_INTERFACE_ADDR_TYPE, channel: Int16(IPMI_BMC_CHANNEL), lun: lun & 3)
    var data = data
    let (id, control, descriptor) = (lastMessage, control, descriptor.rawValue)
    try systemCall("IPMICTL_SEND_COMMAND", path) {
      withUnsafeMutableBytes(of: &address) { address in
        data.withUnsafeMutableBufferPointer { data in
          var request = ipmi_req(
            addr: address.baseAddress?.assumingMemoryBound(to: UInt8.self), addr_len: UInt32(address.count), msgid: id,
            msg: ipmi_msg(
              netfn: networkFunction & 0x3f, cmd: command, data_len: UInt16(data.count), data: data.baseAddress))
          return control(descriptor, clinux_ipmi_send_command, &request)
        }
      }
    }
  }

  private struct Message {
    var isResponse: Bool
    var id: Int
    var networkFunction: UInt8
    var command: UInt8
    var data: [UInt8]
  }

  /// The next message; `nil` when there is none after all.
  private func receive() throws(SystemError) -> Message? {
    var address = ipmi_addr()
    var data = [UInt8](repeating: 0, count: Self.largestMessage)
    var message = ipmi_recv()
    let (control, descriptor) = (control, descriptor.rawValue)
    do {
      try systemCall("IPMICTL_RECEIVE_MSG_TRUNC", path) {
        withUnsafeMutableBytes(of: &address) { address in
          data.withUnsafeMutableBufferPointer { data in
            message.addr = address.baseAddress?.assumingMemoryBound(to: UInt8.self)
            message.addr_len = UInt32(address.count)
            message.msg.data = data.baseAddress
            message.msg.data_len = UInt16(data.count)
            return control(descriptor, clinux_ipmi_receive_message, &message)
          }
        }
      }
    } catch {
      switch error.code {
      case EAGAIN: return nil
      // Longer than the kernel itself allows: what fits is there.
      case EMSGSIZE: break
      default: throw error
      }
    }
    data.removeSubrange(min(Int(message.msg.data_len), data.count)...)
    return Message(
      isResponse: message.recv_type == IPMI_RESPONSE_RECV_TYPE, id: message.msgid, networkFunction: message.msg.netfn,
      command: message.msg.cmd, data: data)
  }
}
