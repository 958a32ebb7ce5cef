import Wire

extension DHCPPacket: CustomStringConvertible {
  public var description: String { text }

  /// The message for a person, a line per field: every field that says something, every option in order. Stable, so
  /// that captures can be compared by it.
  ///
  /// ```
  /// request DISCOVER xid 0x3903f326 secs 4 flags 0x8000
  /// chaddr 52:54:00:12:34:56
  /// option 53: DISCOVER
  /// option 60: "PXEClient:Arch:00007:UNDI:003016"
  /// ```
  public var text: String {
    var first = operation == .request ? "request" : "reply"
    if let messageType { first += " \(messageType)" }
    first += " xid \(transactionID)"
    if seconds != 0 { first += " secs \(seconds)" }
    if hops != 0 { first += " hops \(hops)" }
    if flags != 0 { first += " flags 0x\(String(flags, radix: 16))" }
    var lines = [first]
    for (name, address) in [
      ("ciaddr", clientAddress), ("yiaddr", yourAddress), ("siaddr", nextServer),
      ("giaddr", relayAgent),
    ] where !address.isUnspecified {
      lines.append("\(name) \(address)")
    }
    let hardware = Hexadecimal.text(clientHardware.bytes, separator: ":")
    lines.append(
      clientHardware.type == 1
        ? "chaddr \(hardware)" : "chaddr \(hardware) htype \(clientHardware.type)")
    if !serverName.isEmpty { lines.append("sname \(Self.quoted(serverName))") }
    if !bootFile.isEmpty { lines.append("file \(Self.quoted(bootFile))") }
    for (code, value) in options { lines.append("option \(code): \(Self.text(code, value))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ code: OptionCode, _ value: ArraySlice<UInt8>) -> String {
    switch code {
    case .messageType where value.count == 1:
      return value.map { MessageType(rawValue: $0).description }.joined()
    case .subnetMask, .router, .domainNameServer, .broadcastAddress, .ntpServers, .requestedAddress,
      .serverIdentifier:
      guard !value.isEmpty, value.count.isMultiple(of: 4) else { break }
      return numbers(value, size: 4).map { IPv4Address(rawValue: $0).description }.joined(
        separator: " ")
    case .leaseTime, .renewalTime, .rebindingTime:
      guard value.count == 4 else { break }
      return numbers(value, size: 4).map { "\($0) s" }.joined()
    case .interfaceMTU, .maximumMessageSize, .clientArchitecture:
      guard !value.isEmpty, value.count.isMultiple(of: 2) else { break }
      return numbers(value, size: 2).map { String($0) }.joined(separator: " ")
    case .parameterRequestList: return value.map { String($0) }.joined(separator: " ")
    case .hostName, .domainName, .message, .vendorClass, .tftpServerName, .bootFileName:
      return quoted(value)
    case .clientMachineIdentifier:
      guard value.count == 17, value.first == 0,
        let uuid = SystemUUID(mixedEndian: value.dropFirst())
      else { break }
      return uuid.description
    default: break
    }
    return Hexadecimal.text(value)
  }

  /// Big-endian numbers of `size` bytes each.
  private static func numbers(_ value: ArraySlice<UInt8>, size: Int) -> [UInt32] {
    stride(from: value.startIndex, to: value.endIndex, by: size).map { start in
      value[start..<start + size].reduce(0) { $0 << 8 | UInt32($1) }
    }
  }

  /// Text in quotes; `"`, `\` and what is not printable ASCII as `\xNN`.
  private static func quoted(_ bytes: some Sequence<UInt8>) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text += "\\x" + Hexadecimal.text(CollectionOfOne(byte))
      case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "\\x" + Hexadecimal.text(CollectionOfOne(byte))
      }
    }
    return text + "\""
  }
}
