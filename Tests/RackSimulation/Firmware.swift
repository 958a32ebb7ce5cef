public import DHCP
public import Wire

/// What a machine's network boot code is, with the habits that Tests/CaptureTests/Fixtures/README.md describes.
public enum Firmware: String, Hashable, Sendable, CaseIterable {
  /// A BIOS network card's own ROM, as Intel's boot agents are.
  case biosROM
  /// A BIOS network card whose ROM is iPXE.
  case biosIPXE
  /// EDK2's PXE.
  case uefiPXE
  /// EDK2's HTTP boot.
  case uefiHTTP

  /// What speaks DHCP.
  public enum Speaker: Hashable, Sendable {
    case firmware
    /// iPXE that the firmware has loaded.
    case chained
  }

  var isUEFI: Bool { self == .uefiPXE || self == .uefiHTTP }

  /// The DISCOVER, option by option in the order of the captured ones.
  public func discover(_ speaker: Speaker, mac: MACAddress) -> DHCPPacket {
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac), transactionID: TransactionID(rawValue: 0))
    let isIPXE = speaker == .chained || self == .biosIPXE
    packet.isBroadcast = !isIPXE
    packet.options.set(.messageType, MessageType.discover.rawValue)
    let machine = [UInt8(0), 0x50, 0x6a, 0x0c, 0x1f, 0x1d, 0x5b, 0x0c, 0x4e, 0x9a, 0x01] + mac.bytes
    let architecture: UInt16 = self == .uefiHTTP && !isIPXE ? 0x10 : isUEFI ? 0x07 : 0
    let interface: [UInt8] = isUEFI ? [1, 3, isIPXE ? 10 : 0] : [1, 2, 1]
    if isIPXE {
      packet.options.set(.maximumMessageSize, UInt16(1472))
      packet.options.set(.clientArchitecture, architecture)
      packet.options.set(.clientNetworkInterface, interface)
      packet.options.set(.vendorClass, isUEFI ? "PXEClient:Arch:00007:UNDI:003010" : "PXEClient:Arch:00000:UNDI:002001")
      packet.options.set(.userClass, "iPXE")
      packet.options.set(.parameterRequestList, Self.wantedByIPXE)
      packet.options.set(.etherboot, isUEFI ? Self.featuresOfChained : Self.featuresOfROM)
      packet.options.set(.clientIdentifier, [1] + mac.bytes)
      packet.options.set(.clientMachineIdentifier, machine)
    } else if isUEFI {
      packet.options.set(.maximumMessageSize, UInt16(1472))
      packet.options.set(.parameterRequestList, self == .uefiHTTP ? Self.wantedByHTTPBoot : Self.wantedByEDK2)
      packet.options.set(.clientMachineIdentifier, machine)
      packet.options.set(.clientNetworkInterface, interface)
      packet.options.set(.clientArchitecture, architecture)
      packet.options.set(
        .vendorClass, self == .uefiHTTP ? "HTTPClient:Arch:00016:UNDI:003000" : "PXEClient:Arch:00007:UNDI:003000")
    } else {
      packet.options.set(.parameterRequestList, Self.wantedByROM)
      packet.options.set(.maximumMessageSize, UInt16(1260))
      packet.options.set(.clientMachineIdentifier, machine)
      packet.options.set(.clientArchitecture, architecture)
      packet.options.set(.clientNetworkInterface, interface)
      packet.options.set(.vendorClass, "PXEClient:Arch:00000:UNDI:002001")
    }
    return packet
  }

  /// How it asks.
  func habits(_ speaker: Speaker) -> FirmwareDHCP.Habits {
    switch (self, speaker) {
    // EDK2 waits its first four seconds out, whatever it is offered.
    case (.uefiPXE, .firmware), (.uefiHTTP, .firmware):
      FirmwareDHCP.Habits(waits: [4, 8, 16, 32], patienceForOffers: 4 * second)
    // PXE 2.1 §2.2.1: 4, 8, 16, 32 s.
    case (.biosROM, .firmware): FirmwareDHCP.Habits(waits: [4, 8, 16, 32], patienceForOffers: 0)
    // iPXE: from 1 s on, twice as long each time, not more than 10 s; three seconds for a proxy's offer unless told that none comes.
    default: FirmwareDHCP.Habits(waits: [1, 2, 4, 8, 10], patienceForOffers: 3 * second)
    }
  }

  /// How it reads the boot program; `nil` for what does not use TFTP.
  func loader(_ name: String) -> ProgramLoader.Habits? {
    switch self {
    case .biosROM:
      ProgramLoader.Habits(
        name: name, blockSize: 1456, windowSize: nil, asksSizeFirst: true, wait: 2 * second, tries: 6)
    case .uefiPXE:
      ProgramLoader.Habits(name: name, blockSize: 1468, windowSize: 4, asksSizeFirst: true, wait: 4 * second, tries: 6)
    case .biosIPXE, .uefiHTTP: nil
    }
  }

  // Option 55 and 175, as captured.
  private static let wantedByIPXE: [UInt8] = [
    1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203,
  ]
  private static let wantedByROM: [UInt8] = [
    1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135,
  ]
  private static let wantedByEDK2: [UInt8] = [
    1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129,
    130, 131, 132, 133, 134, 135,
  ]
  private static let wantedByHTTPBoot: [UInt8] = [
    1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 234, 67, 97,
  ]
  private static let featuresOfChained: [UInt8] = [
    0xb1, 0x05, 0x01, 0x1a, 0xf4, 0x10, 0x00, 0xeb, 0x03, 0x01, 0x00, 0x00, 0x17, 0x01, 0x01, 0x24, 0x01, 0x01,
    0x13, 0x01, 0x01, 0x11, 0x01, 0x01, 0x27, 0x01, 0x01, 0x29, 0x01, 0x01, 0x15, 0x01, 0x01, 0x12, 0x01, 0x01,
  ]
  private static let featuresOfROM: [UInt8] = [
    0xb1, 5, 1, 0x1a, 0xf4, 0x10, 0, 0xeb, 3, 1, 0, 0, 0x17, 1, 1, 0x22, 1, 1, 0x13, 1, 1, 0x11, 1, 1, 0x27, 1, 1,
    0x19, 1, 1, 0x29, 1, 1, 0x10, 1, 2, 0x21, 1, 1, 0x15, 1, 1, 0x18, 1, 1, 0x12, 1, 1,
  ]
}
