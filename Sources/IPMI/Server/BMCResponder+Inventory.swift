import Wire

/// The inventory of the machine, which is FRU 0, the only one. IPMI v2.0 §34.
extension BMCResponder {
  mutating func answerAboutInventory(_ message: IPMIMessage) throws -> Outcome? {
    let data = message.data.span
    var offset = 0
    switch message.command {
    case GetFRUInventoryInfo.command:
      guard try data.byte(at: &offset) == 0 else { return (.notPresent, []) }
      // Accessed by bytes.
      return (.success, word(UInt16(SimulatedInventory.size)) + [0])
    case ReadFRUInventory.command:
      guard try data.byte(at: &offset) == 0 else { return (.notPresent, []) }
      let start = Int(try data.word(at: &offset))
      let count = Int(try data.byte(at: &offset))
      guard start < SimulatedInventory.size else { return (.parameterOutOfRange, []) }
      guard count <= configuration.readLimit else { return (.cannotReturnBytes, []) }
      let bytes = SimulatedInventory.bytes(of: configuration.identity)
      let piece = bytes[start..<min(bytes.count, start + count)]
      return (.success, [UInt8(clamping: piece.count)] + piece)
    default: return nil
    }
  }
}
