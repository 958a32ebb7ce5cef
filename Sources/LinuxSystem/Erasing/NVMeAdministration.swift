internal import CLinux
internal import Glibc

/// One command of the admin queue (NVM Express Base Specification 2.0 §5).
struct NVMeCommand: Hashable, Sendable {
  var opcode: UInt8
  var namespace: UInt32 = 0
  /// Command dword 10.
  var dword10: UInt32 = 0
  /// Bytes that the controller gives back.
  var answerBytes = 0
  /// What the kernel waits for: a format answers when it is done.
  var limit = Duration.seconds(60)
}

/// The way to the controller of an NVMe namespace.
protocol NVMeAdministration: Sendable {
  /// The namespace's number.
  var namespace: UInt32 { get }

  /// Has the controller carry a command out: its status field (0: done; status code and type as §3.3.3.2.1 has them), and
  /// what it gave back.
  func perform(_ command: NVMeCommand) throws(SystemError) -> (status: UInt16, answer: [UInt8])
}

/// Through the block device of the namespace itself: what works on it then is this namespace's controller for sure.
struct NVMeNamespace: NVMeAdministration {
  let namespace: UInt32
  /// Borrowed from the disk, which keeps it open.
  private let descriptor: Int32
  private let path: String

  /// `nil` when it is no NVMe namespace.
  init?(descriptor: Int32, path: String) {
    let number = clinux_ioctl(descriptor, clinux_nvme_namespace, nil)
    guard number > 0 else { return nil }
    namespace = UInt32(number)
    self.descriptor = descriptor
    self.path = path
  }

  func perform(_ command: NVMeCommand) throws(SystemError) -> (status: UInt16, answer: [UInt8]) {
    let buffer = try AlignedBuffer(count: max(4096, command.answerBytes))
    var request = nvme_passthru_cmd()
    request.opcode = command.opcode
    request.nsid = command.namespace
    request.cdw10 = command.dword10
    request.timeout_ms = UInt32(clamping: command.limit.components.seconds * 1000)
    if command.answerBytes > 0 {
      request.addr = UInt64(UInt(bitPattern: buffer.bytes.baseAddress))
      request.data_len = UInt32(command.answerBytes)
    }
    let status = try systemCall("NVME_IOCTL_ADMIN_CMD", path) {
      withUnsafeMutablePointer(to: &request) {
        clinux_ioctl(descriptor, clinux_nvme_admin_command, UnsafeMutableRawPointer($0))
      }
    }
    return (UInt16(truncatingIfNeeded: status), Array(buffer.bytes.prefix(command.answerBytes)))
  }
}
