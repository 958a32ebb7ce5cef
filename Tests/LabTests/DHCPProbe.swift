import DHCP
import LinuxSystem
import RawLink
import Testing
import Wire

/// A DHCP client that says what it is told to, over a link of its own.
struct DHCPProbe {
  /// A message and how it is framed.
  struct Sending {
    var packet: DHCPPacket
    var source: IPv4Address
    var sourcePort: UInt16
    var station: MACAddress
    var destination: IPv4Address
    var port: UInt16

    init(
      _ packet: DHCPPacket, source: IPv4Address = .any, sourcePort: UInt16 = 68, to station: MACAddress = .broadcast,
      _ destination: IPv4Address = .broadcast, port: UInt16 = 67
    ) {
      self.packet = packet
      self.source = source
      self.sourcePort = sourcePort
      self.station = station
      self.destination = destination
      self.port = port
    }

    func bytes(from mac: MACAddress) throws -> [UInt8] {
      var payload = [UInt8]()
      packet.serialize(into: &payload)
      var bytes = [UInt8]()
      try UDPFrame(
        destinationMAC: station, sourceMAC: mac, source: source, destination: destination, sourcePort: sourcePort,
        destinationPort: port
      ).serialize(payload: payload.span, into: &bytes)
      return bytes
    }
  }

  struct Answer {
    var frame: UDPFrame
    var packet: DHCPPacket
  }

  struct NoAnswer: Error, CustomStringConvertible {
    var description: String
  }

  let interface: String
  let mac: MACAddress

  init(on interface: String) {
    self.interface = interface
    mac = (try? NetworkInterface.named(interface))?.macAddress ?? .zero
  }

  func message(_ type: MessageType) -> DHCPPacket {
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac), transactionID: TransactionID(rawValue: 0x00c0_ffee))
    packet.options.set(.messageType, type.rawValue)
    return packet
  }

  /// Sends a message and returns the answers to it.
  func exchange(_ sending: Sending, answers count: Int) throws -> [Answer] {
    try frames([sending], filter: "udp and (src port 67 or src port 4011)", count: count).map { bytes in
      let (frame, payload) = try UDPFrame.parse(bytes.span)
      return Answer(frame: frame, packet: try DHCPPacket(parsing: bytes.span.extracting(payload)))
    }
  }

  /// Sends messages and returns the first `count` frames that pass the filter.
  func frames(_ sendings: [Sending], filter: String, count: Int) throws -> [[UInt8]] {
    let link = try RawLink(RawLink.Settings(interface: interface, filter: filter))
    for sending in sendings {
      let bytes = try sending.bytes(from: mac)
      try link.send(bytes.span)
    }
    var frames = [[UInt8]]()
    let end = ContinuousClock.now + .seconds(20)
    while frames.count < count {
      guard ContinuousClock.now < end else {
        throw NoAnswer(description: "\(frames.count) of \(count) answers on \(interface)")
      }
      _ = try link.receive(upTo: count - frames.count) { frames.append($0.bytesCopied) }
    }
    return frames
  }
}
