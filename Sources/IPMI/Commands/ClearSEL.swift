import Wire

/// Empties the event log. IPMI v2.0 §31.9, NetFn Storage, command 47h.
public struct ClearSEL: IPMICommand {
  public static let networkFunction = NetworkFunction.storage
  public static let command: UInt8 = 0x47

  public enum Operation: UInt8, Hashable, Sendable {
    case askProgress = 0x00
    case begin = 0xaa
  }

  public var reservation: UInt16
  public var operation: Operation

  public init(reservation: UInt16, _ operation: Operation) {
    self.reservation = reservation
    self.operation = operation
  }

  public var requestData: [UInt8] {
    var bytes = [UInt8]()
    bytes.append(littleEndian: reservation)
    return bytes + Array("CLR".utf8) + [operation.rawValue]
  }

  /// Whether it is done; if not, ask again.
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Bool {
    var offset = 0
    return try data.byte(at: &offset) & 0x0f == 1
  }
}
