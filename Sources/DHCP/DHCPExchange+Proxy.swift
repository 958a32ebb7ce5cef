import Wire

// Booting without giving addresses: ProxyDHCP on port 67 and the boot server on port 4011.
//
// What firmware does (read in EDK2's PxeBcDhcp4.c and iPXE's dhcp.c, seen in the lab):
// - BIOS PXE ROMs take boot file and server from the proxy's offer when option 43 says so (sub-option 6 = 8); without
//   it they ask port 4011, and without 4011 stop with PXE-E55.
// - EDK2 drops offers without option 54. A proxy offer with option 60 `PXEClient` and no option 43 is a "BINL" offer
//   to it: it then asks port 4011 of `siaddr`, from port 4011, and takes `file` from the answer. It asks whether or
//   not the offer names a file, so the offer leaves it out.
// - UEFI HTTP boot takes the URL (option 67) from a proxy offer with option 60 `HTTPClient`; it does not ask 4011.
// - iPXE takes a proxy offer with option 60 `PXEClient`, `siaddr` and `file`; when these are missing it asks port 4011.
extension DHCPExchange {
  /// A message on port 67 in proxy mode.
  func proxyDecision(_ type: MessageType) -> DHCPDecision {
    switch type {
    case .discover, .inform:
      guard let client else { return .ignore(.notNetworkBoot) }
      guard boot != .none else { return .ignore(.nothingToBoot) }
      var reply = replyPacket(type == .discover ? .offer : .ack)
      reply.options.set(.vendorClass, replyClass)
      echoMachineIdentifier(in: &reply)
      if type == .discover, asksBootServer(client) {
        // Us, not the TFTP server: EDK2 asks port 4011 of `siaddr`.
        reply.nextServer = arrival.serverAddress
      } else {
        if isPXEROM { reply.options.set(.vendorSpecific, Self.loadBootFile) }
        setBootFile(in: &reply, withOptions: isPXEROM)
      }
      return .reply(addressed(reply))
    case .request, .decline, .release: return .ignore(.leftToServer)
    default: return .ignore(.unexpectedType)
    }
  }

  /// Whether the client fetches its file name from port 4011 in any case.
  private func asksBootServer(_ client: PXEClient) -> Bool {
    client.firmware == .uefi && !client.isIPXE && client.transport == .tftp
  }

  /// A message on port 4011, in either mode: the answer is an ACK with the boot file, to where the question came from.
  func bootServerDecision(_ type: MessageType) -> DHCPDecision {
    guard type == .request || type == .inform || type == .discover else {
      return .ignore(.unexpectedType)
    }
    guard client != nil else { return .ignore(.notNetworkBoot) }
    if let server = packet.serverIdentifier, server != serverIdentifier {
      return .ignore(.otherServer)
    }
    guard boot != .none else { return .ignore(.nothingToBoot) }
    let address = packet.clientAddress.isUnspecified ? arrival.source : packet.clientAddress

    var reply = replyPacket(.ack)
    reply.options.set(.vendorClass, replyClass)
    echoMachineIdentifier(in: &reply)
    if isPXEROM { reply.options.set(.vendorSpecific, bootItem + Self.loadBootFile) }
    setBootFile(in: &reply, withOptions: isPXEROM)
    var answer = addressed(reply)
    if packet.relayAgent.isUnspecified {
      answer.destination = address.isUnspecified ? .broadcast : .unicastToClient(address)
      answer.destinationPort = arrival.sourcePort
    }
    answer.sourcePort = DHCPPort.bootServer
    return .reply(answer)
  }

  /// The boot item that the client asks for, to be given back (PXE 2.1 table 2-1, option 43 sub-option 71).
  private var bootItem: [UInt8] {
    guard var rest = packet.options[.vendorSpecific] else { return [] }
    while let code = rest.popFirst(), code != 255 {
      if code == 0 { continue }
      guard let count = rest.popFirst(), rest.count >= Int(count) else { return [] }
      if code == 71, count == 4 { return [71, 4] + rest.prefix(4) }
      rest = rest.dropFirst(Int(count))
    }
    return []
  }
}
