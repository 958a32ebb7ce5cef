import Wire

extension TFTPPacket {
  /// Reads one datagram.
  ///
  /// Lenient where clients are known to be wrong and nothing is at risk: bytes after an ACK, an ERROR whose message
  /// lacks its zero byte, and padding or half an option after the last whole one are passed over.
  public init(parsing bytes: Span<UInt8>) throws(TFTPParseError) {
    var offset = 0
    let operation = TFTPOperation(rawValue: try bytes.readNumber(at: &offset))
    switch operation {
    case .readRequest: self = .readRequest(try TFTPRequest(parsing: bytes, at: &offset))
    case .writeRequest: self = .writeRequest(try TFTPRequest(parsing: bytes, at: &offset))
    case .data:
      let block = try bytes.readNumber(at: &offset)
      self = .data(block: block, content: offset..<bytes.count)
    case .acknowledgement: self = .acknowledgement(block: try bytes.readNumber(at: &offset))
    case .error:
      let code = TFTPErrorCode(rawValue: try bytes.readNumber(at: &offset))
      self = .error(code, message: bytes.readText(at: &offset).text)
    case .optionAcknowledgement: self = .optionAcknowledgement(bytes.readOptions(at: &offset))
    default: throw .unknownOperation(operation)
    }
  }

  /// Appends the packet; of a DATA packet only the header, which the content then follows.
  public func serialize(into bytes: inout [UInt8]) {
    switch self {
    case .readRequest(let request):
      bytes.append(bigEndian: TFTPOperation.readRequest.rawValue)
      request.serialize(into: &bytes)
    case .writeRequest(let request):
      bytes.append(bigEndian: TFTPOperation.writeRequest.rawValue)
      request.serialize(into: &bytes)
    case .data(let block, _):
      bytes.append(bigEndian: TFTPOperation.data.rawValue)
      bytes.append(bigEndian: block)
    case .acknowledgement(let block):
      bytes.append(bigEndian: TFTPOperation.acknowledgement.rawValue)
      bytes.append(bigEndian: block)
    case .error(let code, let message):
      bytes.append(bigEndian: TFTPOperation.error.rawValue)
      bytes.append(bigEndian: code.rawValue)
      bytes.append(text: message)
    case .optionAcknowledgement(let options):
      bytes.append(bigEndian: TFTPOperation.optionAcknowledgement.rawValue)
      bytes.append(options: options)
    }
  }

  /// The packet's bytes; of a DATA packet only the header.
  public var bytes: [UInt8] {
    var bytes = [UInt8]()
    serialize(into: &bytes)
    return bytes
  }
}

extension TFTPRequest {
  fileprivate init(parsing bytes: Span<UInt8>, at offset: inout Int) throws(TFTPParseError) {
    self.init(
      name: try bytes.readTerminatedText(at: &offset),
      mode: Mode(rawValue: try bytes.readTerminatedText(at: &offset)),
      options: bytes.readOptions(at: &offset)
    )
  }

  fileprivate func serialize(into bytes: inout [UInt8]) {
    bytes.append(text: name)
    bytes.append(text: mode.rawValue)
    bytes.append(options: options)
  }
}

extension Span where Element == UInt8 {
  fileprivate func readNumber(at offset: inout Int) throws(TFTPParseError) -> UInt16 {
    do {
      return try readUInt16(at: &offset)
    } catch {
      throw .truncated(error)
    }
  }

  /// The text up to the next zero byte or the end.
  fileprivate func readText(at offset: inout Int) -> (text: String, isTerminated: Bool) {
    let start = Swift.min(offset, count)
    var end = start
    while end < count, self[end] != 0 { end += 1 }
    offset = Swift.min(end + 1, count)
    return (String(decoding: extracting(start..<end).bytesCopied, as: UTF8.self), end < count)
  }

  fileprivate func readTerminatedText(at offset: inout Int) throws(TFTPParseError) -> String {
    let start = offset
    let (text, isTerminated) = readText(at: &offset)
    guard isTerminated else { throw .unterminatedString(offset: start) }
    return text
  }

  fileprivate func readOptions(at offset: inout Int) -> [TFTPOption] {
    var options = [TFTPOption]()
    while offset < count {
      let name = readText(at: &offset)
      let value = readText(at: &offset)
      guard !name.text.isEmpty, value.isTerminated else { break }
      let option = TFTPOption(TFTPOption.Name(rawValue: name.text), value.text)
      if !options.contains(where: { $0.name == option.name }) { options.append(option) }
    }
    return options
  }
}

extension Array where Element == UInt8 {
  /// Appends text and the zero byte that ends it; zero bytes inside are left out.
  fileprivate mutating func append(text: String) {
    append(contentsOf: text.utf8.lazy.filter { $0 != 0 })
    append(0)
  }

  fileprivate mutating func append(options: [TFTPOption]) {
    for option in options {
      append(text: option.name.rawValue)
      append(text: option.value)
    }
  }
}
