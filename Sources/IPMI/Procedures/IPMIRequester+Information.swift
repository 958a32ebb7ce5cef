public import Wire

/// The BMC's network interface on one channel, as far as it tells.
public struct LANAddress: Hashable, Sendable {
  public var channel: UInt8
  /// 0.0.0.0: none yet.
  public var address: IPv4Address?
  public var source: GetLANConfiguration.AddressSource?
  public var macAddress: MACAddress?
  public var subnetMask: IPv4Address?
  public var gateway: IPv4Address?
  /// 623 unless it says otherwise.
  public var port: UInt16
}

/// What a BMC says of itself and its machine.
public struct BMCDescription: Hashable, Sendable {
  public var device: GetDeviceID.Response
  /// 16 bytes, see ``GetSystemGUID``.
  public var guid: [UInt8]?
  /// The channel that was asked on, if it is a LAN channel.
  public var lan: LANAddress?
  public var restartCause: GetSystemRestartCause.Cause?
  public var restorePolicy: PowerRestorePolicy?
}

extension IPMIRequester {
  public func readInformation() async throws(IPMIFailure) -> BMCDescription {
    let device = try await ask(GetDeviceID())
    let guid = try await askOptional(GetSystemGUID())
    let lan = try await lanAddress(of: 0x0e)
    let cause = try await askOptional(GetSystemRestartCause())
    let status = try await askOptional(GetChassisStatus())
    return BMCDescription(
      device: device, guid: guid, lan: lan, restartCause: cause?.cause, restorePolicy: status?.restorePolicy)
  }

  /// Each LAN channel's addresses.
  public func lanAddresses() async throws(IPMIFailure) -> [LANAddress] {
    var addresses = [LANAddress]()
    for channel in try await lanChannels() {
      if let address = try await lanAddress(of: channel) { addresses.append(address) }
    }
    return addresses
  }

  /// The channels that are Ethernet. All are asked: it is 1 on most BMCs, 2, 6 or 8 on others, and several on some.
  func lanChannels() async throws(IPMIFailure) -> [UInt8] {
    var channels = [UInt8]()
    for channel in 1...11 as ClosedRange<UInt8> {
      if try await askOptional(GetChannelInfo(channel: channel))?.medium == .lan { channels.append(channel) }
    }
    return channels
  }

  /// `nil` when the channel has neither an address nor a MAC address.
  private func lanAddress(of channel: UInt8) async throws(IPMIFailure) -> LANAddress? {
    var result = LANAddress(channel: channel, port: 623)
    for parameter in [.address, .addressSource, .macAddress, .subnetMask, .defaultGateway, .primaryPort]
      as [GetLANConfiguration.Parameter]
    {
      switch try await askOptional(GetLANConfiguration(channel: channel, parameter)) {
      case .address(let address): result.address = address
      case .addressSource(let source): result.source = source
      case .macAddress(let address): result.macAddress = address
      case .subnetMask(let mask): result.subnetMask = mask
      case .defaultGateway(let gateway): result.gateway = gateway
      case .primaryPort(let port) where port != 0: result.port = port
      case nil, .primaryPort, .setInProgress, .vlan: break
      }
    }
    return result.address == nil && result.macAddress == nil ? nil : result
  }
}
