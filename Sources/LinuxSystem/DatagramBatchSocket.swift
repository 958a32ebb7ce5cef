internal import CLinux
internal import Glibc
public import Wire

/// A UDP socket that takes and sends many datagrams in one system call, each with the address it came to (`IP_PKTINFO`).
///
/// Bound to all addresses, so one socket serves a host of them: what came to an address is answered from it. Never
/// waits; `FileDescriptor.wait(for:timeout:)` or poll(2) on ``rawValue`` say when there is something to do.
public struct DatagramBatchSocket: ~Copyable {
  /// One datagram, with both ends of its way.
  public struct Datagram: Hashable, Sendable {
    /// Ours: the one it came to, or shall come from; ``Wire/IPv4Address/any`` leaves it to the kernel.
    public var local: IPv4Address
    public var remote: IPv4Address
    public var remotePort: UInt16
    public var bytes: [UInt8]

    public init(local: IPv4Address, remote: IPv4Address, remotePort: UInt16, bytes: [UInt8]) {
      self.local = local
      self.remote = remote
      self.remotePort = remotePort
      self.bytes = bytes
    }
  }

  /// The most datagrams of one call.
  public static let mostDatagrams = Int(CLINUX_MOST_DATAGRAMS)

  private let descriptor: FileDescriptor
  private let capacity: Int
  private let buffer: UnsafeMutableRawBufferPointer

  /// Binds to `port` of every address, 0: any free one.
  ///
  /// `capacity`: bytes of the longest datagram, longer ones are passed over. `receiveBuffer` and `sendBuffer`, in bytes,
  /// are what is asked of the kernel, which gives less to those who are not root (`net.core.rmem_max`).
  public init(port: UInt16, capacity: Int, receiveBuffer: Int, sendBuffer: Int) throws(SystemError) {
    let socket = try FileDescriptor.socket(
      domain: AF_INET, type: Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
    let number = socket.rawValue
    func set(_ level: Int32, _ option: Int32, _ value: Int) -> Int32 {
      var value = Int32(clamping: value)
      return setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
    try systemCall("IP_PKTINFO") { set(Int32(IPPROTO_IP), IP_PKTINFO, 1) }
    // Past the limit for root; others get what the limit allows.
    if set(SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) != 0 { _ = set(SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
    if set(SOL_SOCKET, SO_SNDBUFFORCE, sendBuffer) != 0 { _ = set(SOL_SOCKET, SO_SNDBUF, sendBuffer) }
    var address = sockaddr(.any, port: port)
    try systemCall("bind", "0.0.0.0:\(port)") {
      bind(socket.rawValue, &address, socklen_t(MemoryLayout<sockaddr>.size))
    }
    descriptor = socket
    self.capacity = max(1, capacity)
    buffer = .allocate(byteCount: self.capacity * Self.mostDatagrams, alignment: 8)
  }

  deinit { buffer.deallocate() }

  /// The number to poll. It stays ours: never close it.
  public var rawValue: Int32 { descriptor.rawValue }

  /// The port it is bound to.
  public var port: UInt16 {
    get throws(SystemError) {
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      try systemCall("getsockname") {
        withUnsafeMutablePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor.rawValue, $0, &length) }
        }
      }
      return UInt16(bigEndian: address.sin_port)
    }
  }

  /// Waits until something has come, `waker` was signalled, or, if not `nil`, the time has passed. To the microsecond,
  /// which poll(2) with its milliseconds cannot.
  public func wait(orFor waker: EventDescriptor, upTo limit: Duration?) throws(SystemError) {
    let nanoseconds = limit.map { Int64(max(.zero, min($0, .seconds(3600))) / .nanoseconds(1)) } ?? -1
    // A signal ends it early: whoever waits in a loop waits again.
    let result = clinux_wait_readable(descriptor.rawValue, waker.rawValue, nanoseconds)
    let code = errno
    if result == -1, code != EINTR {
      throw SystemError(operation: "ppoll", code: code)
    }
  }

  /// Waits until the kernel takes datagrams again.
  public func waitUntilWritable(timeout: Duration) throws(SystemError) -> Bool {
    try descriptor.wait(for: .writable, timeout: timeout)
  }

  /// What has come, at most ``mostDatagrams``; empty when there is nothing.
  public func receive() throws(SystemError) -> [Datagram] {
    guard let base = buffer.baseAddress else { return [] }
    var slots = (0..<Self.mostDatagrams).map {
      var slot = clinux_datagram()
      slot.bytes = base + $0 * capacity
      slot.capacity = UInt32(clamping: capacity)
      return slot
    }
    let count: Int32
    do {
      count = try systemCall("recvmmsg") {
        clinux_receive_datagrams(descriptor.rawValue, &slots, UInt32(slots.count))
      }
    } catch {
      if error.isTimeout { return [] }
      throw error
    }
    return slots.prefix(Int(count)).filter { $0.is_whole != 0 }.map { slot in
      Datagram(
        local: IPv4Address(rawValue: UInt32(bigEndian: slot.local)),
        remote: IPv4Address(rawValue: UInt32(bigEndian: slot.remote)),
        remotePort: UInt16(bigEndian: slot.remote_port),
        bytes: [UInt8](UnsafeRawBufferPointer(start: slot.bytes, count: min(capacity, Int(slot.length)))))
    }
  }

  /// Sends what the kernel takes; how many, from the front, were sent. 0: its buffer is full.
  ///
  /// An error is of the first datagram that was not sent: skip it, or stop.
  public func send(_ datagrams: ArraySlice<Datagram>) throws(SystemError) -> Int {
    let batch = datagrams.prefix(Self.mostDatagrams)
    guard !batch.isEmpty, let base = buffer.baseAddress else { return 0 }
    var slots = [clinux_datagram]()
    slots.reserveCapacity(batch.count)
    for (place, datagram) in batch.enumerated() {
      var slot = clinux_datagram()
      let start = base + place * capacity
      let length = min(datagram.bytes.count, capacity)
      start.copyMemory(from: datagram.bytes, byteCount: length)
      slot.bytes = start
      slot.length = UInt32(clamping: length)
      slot.local = datagram.local.rawValue.bigEndian
      slot.remote = datagram.remote.rawValue.bigEndian
      slot.remote_port = datagram.remotePort.bigEndian
      slots.append(slot)
    }
    do {
      return Int(
        try systemCall("sendmmsg") { clinux_send_datagrams(descriptor.rawValue, slots, UInt32(slots.count)) })
    } catch {
      if error.isTimeout { return 0 }
      throw error
    }
  }
}
