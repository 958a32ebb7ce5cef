/// The FRU inventory of a simulated machine, made when it is asked for. Platform Management FRU Information Storage
/// Definition v1.3; the layout stands at ``FRUInventory``.
enum SimulatedInventory {
  /// A 2 kbit memory, as many boards have.
  static let size = 256

  static func bytes(of identity: SimulatedIdentity) -> [UInt8] {
    let chassis = area([1, 0, 0x17], ["CH-1U", identity.serialNumber])  // 0x17: rack mount
    // 2024-01-01T00:00Z in minutes since 1996.
    let minutes: UInt32 = 14_726_880
    let board = area(
      [1, 0, 25, UInt8(minutes & 0xff), UInt8(minutes >> 8 & 0xff), UInt8(minutes >> 16 & 0xff)],
      ["Siderite", "Simulated Board", identity.boardSerialNumber, "SB-100", ""])
    let product = area(
      [1, 0, 25], ["Siderite", "Simulated Server", "SRV-100", "1.0", identity.serialNumber, identity.name, ""])
    let start = UInt8(1)
    let boardStart = start + UInt8(chassis.count / 8)
    let productStart = boardStart + UInt8(board.count / 8)
    var header: [UInt8] = [1, 0, start, boardStart, productStart, 0, 0]
    header.append(0 &- header.span.sum)
    let all = header + chassis + board + product
    return all + [UInt8](repeating: 0, count: max(0, size - all.count))
  }

  /// An area with its length, its fields in Latin 1, and its checksum.
  private static func area(_ start: [UInt8], _ fields: [String]) -> [UInt8] {
    var bytes = start
    for field in fields {
      let text = Array(field.utf8.prefix(63))
      // One character is not possible: 0xC1 ends the fields.
      bytes += text.count == 1 ? [0xc2] + text + [0x20] : [0xc0 | UInt8(text.count)] + text
    }
    bytes.append(0xc1)
    bytes += [UInt8](repeating: 0, count: 7 - bytes.count % 8)
    bytes[1] = UInt8(clamping: (bytes.count + 1) / 8)
    bytes.append(0 &- bytes.span.sum)
    return bytes
  }
}
