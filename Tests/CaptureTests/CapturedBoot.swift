import DHCP
import Foundation
import TFTP
import Testing
import Wire

/// A boot of real firmware as it was captured in the lab; Fixtures/README.md says how, and what is in it.
struct CapturedBoot: Sendable, CustomTestStringConvertible {
  /// A frame with what is in it.
  struct Datagram {
    var time: Timestamp
    var bytes: [UInt8]
    var header: UDPFrame
    var payload: [UInt8]

    /// Between the DHCP ports (RFC 2131 §4.1; 4011 is PXE's boot server).
    var isDHCP: Bool { [header.sourcePort, header.destinationPort].contains { [67, 68, 4011].contains($0) } }

    /// `10.77.0.1:67 > 255.255.255.255:68`, and the message.
    var text: String {
      get throws {
        let content = isDHCP ? try DHCPPacket.read(payload).text : try TFTPPacket(parsing: payload.span).text
        return "\(header.source):\(header.sourcePort) > \(header.destination):\(header.destinationPort)\n\(content)\n"
      }
    }
  }

  let file: URL

  static let all: [CapturedBoot] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "pcap" }.sorted { $0.path < $1.path }.map { Self(file: $0) }
  }()

  /// `uefi-proxy`
  var name: String { file.deletingPathExtension().lastPathComponent }
  var testDescription: String { name }

  /// Whether another server gave the addresses.
  var isProxied: Bool { name.hasSuffix("-proxy") }

  /// Where the datagrams' text stands.
  var golden: URL { file.deletingPathExtension().appendingPathExtension("txt") }

  /// Every UDP datagram, in order.
  var datagrams: [Datagram] {
    get throws {
      try PCAPReader.frames(Array(Data(contentsOf: file))).map { frame in
        let (header, payload) = try UDPFrame.parse(frame.bytes.span)
        return Datagram(
          time: Timestamp(seconds: Int64(frame.seconds)), bytes: frame.bytes, header: header,
          payload: Array(frame.bytes[payload]))
      }
    }
  }
}

extension DHCPPacket {
  /// The message that `bytes` are.
  static func read(_ bytes: [UInt8]) throws(DHCPParseError) -> DHCPPacket { try DHCPPacket(parsing: bytes.span) }

  /// The message as bytes.
  var serialized: [UInt8] {
    var bytes = [UInt8]()
    serialize(into: &bytes)
    return bytes
  }
}

extension TFTPPacket {
  /// The packet for a person, in one line.
  fileprivate var text: String {
    switch self {
    case .readRequest(let request): "TFTP read \(request.name) \(request.mode.rawValue)\(Self.text(request.options))\n"
    case .writeRequest(let request):
      "TFTP write \(request.name) \(request.mode.rawValue)\(Self.text(request.options))\n"
    case .data(let block, let content): "TFTP data \(block), \(content.count) bytes\n"
    case .acknowledgement(let block): "TFTP acknowledgement \(block)\n"
    case .error(let code, let message): "TFTP error \(code.rawValue) \(message)\n"
    case .optionAcknowledgement(let options): "TFTP options\(Self.text(options))\n"
    }
  }

  private static func text(_ options: [TFTPOption]) -> String {
    options.map { " \($0.name.rawValue)=\($0.value)" }.joined()
  }
}
