import Wire

/// Serial-over-LAN commands, read and written the other way round.
extension ActivateSOL: ServedCommand {
  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 1  // the payload's type
    let instance = try data.byte(at: &offset)
    let flags = try data.byte(at: &offset)
    self.init(instance: instance, isEncrypted: flags & 0x80 != 0, isSigned: flags & 0x40 != 0)
  }

  /// Four bytes of auxiliary data, the two sizes, the port, and that there is no VLAN.
  public func responseData(_ response: Response) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0]
    bytes.append(littleEndian: response.mostBytesToBMC)
    bytes.append(littleEndian: response.mostBytesFromBMC)
    bytes.append(littleEndian: response.port)
    return bytes + [0xff, 0xff]
  }
}
