import Wire

/// One message with everything that is known about it, and the building of its reply.
struct DHCPExchange {
  let packet: DHCPPacket
  let client: PXEClient?
  let arrival: DHCPArrival
  let boot: DHCPBootReply

  /// A reply with what every reply has: `xid`, `flags`, `giaddr` and `chaddr` of the request (RFC 2131 §4.3.1,
  /// table 3), its type and our identifier.
  func replyPacket(_ type: MessageType) -> DHCPPacket {
    var reply = DHCPPacket(
      operation: .reply, clientHardware: packet.clientHardware, transactionID: packet.transactionID)
    reply.flags = packet.flags
    reply.relayAgent = packet.relayAgent
    if type == .ack { reply.clientAddress = packet.clientAddress }
    reply.options.reserveCapacity()
    reply.options.set(.messageType, type.rawValue)
    reply.options.set(.serverIdentifier, serverIdentifier)
    return reply
  }

  /// Option 54: what the relay agent wants to stand there (RFC 5107), or our address.
  var serverIdentifier: IPv4Address { packet.relayAgentInformation?.serverIdentifier ?? arrival.serverAddress }

  /// Adds what comes last, keeps to the size the client takes, and addresses the reply by RFC 2131 §4.1.
  func addressed(_ reply: DHCPPacket) -> DHCPReply {
    var reply = reply
    let isNAK = reply.messageType == .nak
    reply.fit(packet.maximumReplySize, keeping: Self.isRequired)
    // RFC 3046 §2.2: the relay agent's information goes back whole, behind everything else. The agent takes it out again,
    // so that the client's size does not limit it.
    if let information = packet.options[.relayAgentInformation], information.count <= 255,
      !packet.relayAgent.isUnspecified
    {
      reply.options.set(.relayAgentInformation, information)
      reply.fit(DHCPPacket.largestSize, keeping: Self.isRequired)
    }
    // RFC 2131 §4.3.2: the relay agent must broadcast a NAK, the client may have no address to receive it with.
    if isNAK, !packet.relayAgent.isUnspecified { reply.isBroadcast = true }

    let destination: DHCPReply.Destination
    var port = DHCPPort.client
    if !packet.relayAgent.isUnspecified {
      destination = .relay(packet.relayAgent)
      port = DHCPPort.server
    } else if isNAK {
      destination = .broadcast
    } else if !packet.clientAddress.isUnspecified {
      destination = .unicastToClient(packet.clientAddress)
    } else if packet.isBroadcast || reply.yourAddress.isUnspecified {
      destination = .broadcast
    } else if let mac = packet.clientHardware.mac {
      destination = .unicastHardware(reply.yourAddress, mac)
    } else {
      destination = .broadcast
    }
    return DHCPReply(packet: reply, destination: destination, sourcePort: DHCPPort.server, destinationPort: port)
  }

  /// Options that a reply cannot do without when space is short.
  private static func isRequired(_ code: OptionCode) -> Bool {
    switch code {
    case .messageType, .serverIdentifier, .leaseTime, .subnetMask, .clientIdentifier, .relayAgentInformation,
      .vendorClass, .vendorSpecific, .bootFileName, .clientMachineIdentifier:
      true
    default: false
    }
  }

  // MARK: Booting

  /// Option 60 of the reply: what the client's class demands.
  var replyClass: String { client?.classIdentifier == .http ? "HTTPClient" : "PXEClient" }

  /// A BIOS network card's ROM that is not iPXE: it goes by option 43, and some read options 66 and 67 only.
  var isPXEROM: Bool {
    guard let client else { return false }
    return client.firmware == .bios && client.classIdentifier == .pxe && !client.isIPXE
  }

  /// PXE 2.1 table 2-1, option 43 sub-option 6, PXE_DISCOVERY_CONTROL: bit 3 set means "if a boot file name is in the
  /// offer, just load it": no prompt, no menu, no boot server discovery. Sub-option 255 ends.
  static let loadBootFile: [UInt8] = [6, 1, 0b1000, 255]

  /// Puts the boot file into a reply: `siaddr` and `file`, or a URL. Called last: EDK2 ends option 67 with a NUL in
  /// place, and so overwrites the code of the option behind it.
  ///
  /// - Parameter withOptions: Say it in options 66 and 67 too. Some ROMs read only these, and some only the header.
  func setBootFile(in reply: inout DHCPPacket, withOptions: Bool) {
    switch boot {
    case .none:
      break
    case .file(let server, let name):
      reply.nextServer = server
      let bytes = Array(name.utf8)
      // RFC 2131 §2: `file` ends with a NUL, so it holds 127 bytes.
      if bytes.count < 128 { reply.bootFile = bytes }
      if withOptions { reply.options.set(.tftpServerName, server.description) }
      if withOptions || bytes.count >= 128 { reply.options.set(.bootFileName, bytes) }
    case .url(let url):
      // iPXE takes a ProxyDHCP offer for complete only when `siaddr` is set too.
      reply.nextServer = arrival.serverAddress
      let bytes = Array(url.utf8)
      if client?.isIPXE == true, bytes.count < 128 { reply.bootFile = bytes }
      reply.options.set(.bootFileName, bytes)
    }
  }

  /// Echoes option 97 (PXE 2.1 §2.2.3: the client checks that it is its own), a type and a UUID of 16 bytes.
  func echoMachineIdentifier(in reply: inout DHCPPacket) {
    if let identifier = packet.options[.clientMachineIdentifier], identifier.count <= 17 {
      reply.options.set(.clientMachineIdentifier, identifier)
    }
  }
}
