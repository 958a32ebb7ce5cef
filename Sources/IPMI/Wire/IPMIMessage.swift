/// One request or response, as it travels inside a session's payload. IPMI v2.0 §13.8.
///
/// ```
/// | to | netFn<<2|LUN | sum | from | rqSeq<<2|LUN | command | [completion code] data … | sum |
/// ```
public struct IPMIMessage: Hashable, Sendable {
  /// The BMC's slave address.
  public static let bmcAddress: UInt8 = 0x20

  /// Ours: the first software ID of a remote console (§5.5), 0x40, with bit 0 set.
  public static let consoleAddress: UInt8 = 0x81

  public var destination: UInt8
  public var networkFunction: NetworkFunction
  /// 0…3
  public var destinationLUN: UInt8
  public var source: UInt8
  /// rqSeq, 0…63: a response repeats that of its request.
  public var sequence: UInt8
  /// 0…3
  public var sourceLUN: UInt8
  public var command: UInt8
  /// What follows the command: in a response it begins with the completion code.
  public var data: [UInt8]

  /// A request to the BMC.
  public init(request: IPMIRequest, sequence: UInt8) {
    destination = Self.bmcAddress
    networkFunction = request.networkFunction
    destinationLUN = request.lun
    source = Self.consoleAddress
    self.sequence = sequence
    sourceLUN = 0
    command = request.command
    data = request.data
  }

  /// The response to `request`.
  public init(to request: IPMIMessage, code: CompletionCode, data: [UInt8]) {
    destination = request.source
    networkFunction = request.networkFunction.response
    destinationLUN = request.sourceLUN
    source = request.destination
    sequence = request.sequence
    sourceLUN = request.destinationLUN
    command = request.command
    self.data = [code.rawValue] + data
  }

  /// Reads a whole payload; both checksums must be right.
  public init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    guard bytes.count >= 7 else { throw .truncated(offset: 0, needed: 7, available: bytes.count) }
    guard bytes.extracting(0..<3).sum == 0, bytes.extracting(3..<bytes.count).sum == 0 else { throw .checksum }
    destination = bytes[0]
    networkFunction = NetworkFunction(rawValue: bytes[1] >> 2)
    destinationLUN = bytes[1] & 3
    source = bytes[3]
    sequence = bytes[4] >> 2
    sourceLUN = bytes[4] & 3
    command = bytes[5]
    var offset = 6
    data = try bytes.bytes(bytes.count - 7, at: &offset)
  }

  public var bytes: [UInt8] {
    var bytes: [UInt8] = [destination, networkFunction.rawValue << 2 | destinationLUN & 3]
    bytes.append(0 &- bytes.span.sum)
    let body: [UInt8] = [source, sequence << 2 | sourceLUN & 3, command] + data
    return bytes + body + [0 &- body.span.sum]
  }

  /// Whether this is the answer to `request`: command, function, sequence number, and both ends.
  ///
  /// The LUN is that of ``destinationLUN`` only: several BMCs answer with source LUN 0 whatever they were asked on.
  public func answers(_ request: IPMIMessage, ignoringSequence: Bool = false) -> Bool {
    networkFunction == request.networkFunction.response && command == request.command
      && (sequence == request.sequence || ignoringSequence) && destination == request.source
      && destinationLUN == request.sourceLUN
  }
}

extension IPMIMessage: CustomStringConvertible, CustomReflectable {
  /// Without the data, which may hold a password.
  public var description: String {
    "function 0x\(String(networkFunction.rawValue, radix: 16)), command 0x\(String(command, radix: 16)), "
      + "sequence \(sequence), \(data.count) bytes"
  }
  public var customMirror: Mirror { Mirror(self, children: ["message": description]) }
}
