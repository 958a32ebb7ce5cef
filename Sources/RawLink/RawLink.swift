internal import CPcap
internal import Glibc
public import LinuxSystem
public import Wire

/// One Ethernet interface, opened below the socket layer with libpcap.
///
/// DHCP needs it: clients have no address yet, so replies must be framed by hand, and another DHCP server of this host
/// may own port 67. A capture takes nothing away from sockets: the kernel delivers every datagram to both.
///
/// Not `Sendable`, with one owner: the thread that opened it reads and writes it (see ``RawLinkLoop``).
public struct RawLink: ~Copyable {
  /// What to open, and how.
  public struct Settings: Hashable, Sendable {
    /// The interface's name, `eth0`.
    public var interface: String

    /// Which frames are delivered, in pcap-filter(7)'s language. It runs in the kernel.
    public var filter: String

    /// Bytes of the ring that the kernel writes frames to, two to a page: 4 MiB hold 2048, so that a rack that is
    /// powered on in one instant loses none. All of it counts as resident memory.
    public var ringSize: Int

    public init(interface: String, filter: String, ringSize: Int = 4 << 20) {
      self.interface = interface
      self.filter = filter
      self.ringSize = ringSize
    }

    /// What DHCP clients and relays send, what PXE clients send to boot servers, and what other servers answer.
    /// - Parameter probing: and what stations answer that are asked for their hardware address (ARP).
    public static func dhcp(_ interface: String, probing: Bool = false) -> Settings {
      let dhcp = "udp and (dst port 67 or dst port 68 or dst port 4011)"
      return Settings(interface: interface, filter: probing ? "(\(dhcp)) or (arp and arp[6:2] = 2)" : dhcp)
    }
  }

  /// What was delivered and what was lost, since the link was opened.
  public struct Statistics: Hashable, Sendable {
    public var received: UInt32 = 0
    /// Frames for which the ring had no room.
    public var dropped: UInt32 = 0
  }

  /// The most bytes of a frame that are read: an Ethernet frame of the usual MTU with room for a tag. Chosen below half
  /// a page, so that the ring holds two a page. Longer frames arrive cut.
  static let snapshotLength: Int32 = 1600

  /// The interface as it was when the link was opened.
  public let interface: NetworkInterface

  /// The interface's hardware address, which frames are sent from.
  public let macAddress: MACAddress

  /// The descriptor to poll for reading. It stays ours: never close it.
  let descriptor: Int32

  private let handle: OpaquePointer

  /// Opens the interface. Frames that this host sends are not delivered.
  public init(_ settings: Settings) throws(RawLinkError) {
    let (interface, macAddress) = try Self.find(settings.interface)
    let handle = try Self.activate(settings)
    self.interface = interface
    self.macAddress = macAddress
    self.handle = handle
    descriptor = pcap_get_selectable_fd(handle)
  }

  deinit { pcap_close(handle) }

  private static func find(_ name: String) throws(RawLinkError) -> (NetworkInterface, MACAddress) {
    let found: NetworkInterface?
    do {
      found = try NetworkInterface.named(name)
    } catch {
      throw .failed(interface: name, operation: "looking for it", message: "\(error)")
    }
    guard let found else { throw .noSuchInterface(name) }
    guard let macAddress = found.macAddress else { throw .notEthernet(name) }
    guard found.isUp else { throw .interfaceDown(name) }
    return (found, macAddress)
  }

  private static func activate(_ settings: Settings) throws(RawLinkError) -> OpaquePointer {
    let name = settings.interface
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let handle = pcap_create(name, &message) else {
      throw .failed(interface: name, operation: "pcap_create", message: text(message))
    }
    do throws(RawLinkError) {
      pcap_set_snaplen(handle, snapshotLength)
      pcap_set_promisc(handle, 0)
      // Every frame at once, not when a block of them is full.
      pcap_set_immediate_mode(handle, 1)
      pcap_set_buffer_size(handle, Int32(clamping: settings.ringSize))
      let status = pcap_activate(handle)
      guard status >= 0 else { throw activationError(status, of: handle, name) }
      guard pcap_datalink(handle) == DLT_EN10MB else { throw .notEthernet(name) }
      guard pcap_setdirection(handle, PCAP_D_IN) == 0 else { throw failure("pcap_setdirection", of: handle, name) }
      try install(settings.filter, on: handle, name)
      guard pcap_setnonblock(handle, 1, &message) == 0 else {
        throw .failed(interface: name, operation: "pcap_setnonblock", message: text(message))
      }
      return handle
    } catch {
      pcap_close(handle)
      throw error
    }
  }

  private static func install(_ filter: String, on handle: OpaquePointer, _ name: String) throws(RawLinkError) {
    var program = bpf_program()
    // An unknown netmask only matters to filters about IPv4 broadcast.
    guard pcap_compile(handle, &program, filter, 1, UInt32.max) == 0 else {
      throw failure("pcap_compile", of: handle, name)
    }
    defer { pcap_freecode(&program) }
    guard pcap_setfilter(handle, &program) == 0 else { throw failure("pcap_setfilter", of: handle, name) }
  }

  private static func activationError(_ status: Int32, of handle: OpaquePointer, _ name: String) -> RawLinkError {
    switch status {
    case PCAP_ERROR_NO_SUCH_DEVICE: .noSuchInterface(name)
    case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED: .notPermitted(name)
    case PCAP_ERROR_IFACE_NOT_UP: .interfaceDown(name)
    case PCAP_ERROR: failure("pcap_activate", of: handle, name)
    default: .failed(interface: name, operation: "pcap_activate", message: String(cString: pcap_statustostr(status)))
    }
  }

  private static func failure(_ operation: String, of handle: OpaquePointer, _ name: String) -> RawLinkError {
    .failed(interface: name, operation: operation, message: String(cString: pcap_geterr(handle)))
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension RawLink {
  /// Delivers frames that have arrived, at most `limit`, and returns how many; never waits.
  ///
  /// The bytes stand in the kernel's ring: they are borrowed for the call.
  /// - Throws: when the interface is gone. One that is only down delivers nothing until it is up again.
  public borrowing func receive(
    upTo limit: Int, _ body: (Span<UInt8>) -> Void
  ) throws(RawLinkError) -> Int {
    var count = 0
    while count < limit {
      var header: UnsafeMutablePointer<pcap_pkthdr>?
      var bytes: UnsafePointer<UInt8>?
      switch pcap_next_ex(handle, &header, &bytes) {
      case 1:
        guard let header, let bytes else { return count }
        body(UnsafeBufferPointer(start: bytes, count: Int(header.pointee.caplen)).span)
        count += 1
      case 0: return count
      default: throw Self.failure("reading", of: handle, interface.name)
      }
    }
    return count
  }

  /// Sends one whole frame.
  /// - Throws: when the interface is down or gone, or its queue is full: the frame is lost, as frames may be.
  public borrowing func send(_ frame: Span<UInt8>) throws(RawLinkError) {
    let sent = frame.withUnsafeBufferPointer { pcap_inject(handle, $0.baseAddress, $0.count) }
    guard sent == frame.count else { throw Self.failure("sending", of: handle, interface.name) }
  }

  /// What was delivered and what was lost so far.
  public borrowing func statistics() -> Statistics {
    var counts = pcap_stat()
    guard pcap_stats(handle, &counts) == 0 else { return Statistics() }
    return Statistics(received: counts.ps_recv, dropped: counts.ps_drop)
  }
}
