import Wire

/// The frames of a capture file: classic pcap, either byte order, Ethernet. Enough for what tcpdump writes.
///
/// ```
/// | magic a1b2c3d4 or a1b23c4d (4) | version (4) | zone, accuracy (8) | snap length (4) | link type (4) |
/// | seconds (4) | fraction (4) | captured (4) | original (4) | bytes | … again
/// ```
enum PCAPReader {
  struct Malformed: Error {
    var reason: String
  }

  struct Frame: Equatable {
    /// Of the epoch, as the capturing host's clock had it.
    var seconds: UInt32
    var bytes: [UInt8]
  }

  static func frames(_ file: [UInt8]) throws -> [Frame] {
    let bytes = file.span
    var offset = 0
    let magic = try bytes.readUInt32(at: &offset)
    let isBigEndian: Bool
    switch magic {
    case 0xa1b2_c3d4, 0xa1b2_3c4d: isBigEndian = true
    case 0xd4c3_b2a1, 0x4d3c_b2a1: isBigEndian = false
    default: throw Malformed(reason: "no pcap magic")
    }
    func number(_ value: UInt32) -> UInt32 { isBigEndian ? value : value.byteSwapped }
    offset = 20
    guard number(try bytes.readUInt32(at: &offset)) == 1 else { throw Malformed(reason: "not Ethernet") }
    var frames = [Frame]()
    while offset < file.count {
      let seconds = number(try bytes.readUInt32(at: &offset))
      offset += 4
      let captured = number(try bytes.readUInt32(at: &offset))
      offset += 4
      frames.append(Frame(seconds: seconds, bytes: try bytes.readBytes(Int(captured), at: &offset)))
    }
    return frames
  }
}
