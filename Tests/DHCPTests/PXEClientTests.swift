import DHCP
import Testing
import Wire

@Suite("Network boot clients")
struct PXEClientTests {
  static func client(_ options: String, header: [UInt8] = DHCPPacketTests.header) throws -> PXEClient? {
    PXEClient(try DHCPPacket.read(header + hex(options)))
  }

  @Test(
    "Real firmware is what it is",
    arguments: [
      (Fixture.ipxeBIOSDiscover, ClientArchitecture.Firmware.bios, ClientArchitecture.Processor.x86, "tftp", true),
      (Fixture.biosDiscover, .bios, .x86, "tftp", false),
      (Fixture.uefiDiscover, .uefi, .x64, "tftp", false),
      (Fixture.uefiBootServerRequest, .uefi, .x64, "tftp", false),
      (Fixture.httpDiscover, .uefi, .x64, "http", false),
      (Fixture.ipxeUEFIDiscover, .uefi, .x64, "tftp", true),
    ])
  func firmware(
    bytes: [UInt8], firmware: ClientArchitecture.Firmware, processor: ClientArchitecture.Processor,
    transport: String, isIPXE: Bool
  ) throws {
    let client = try #require(PXEClient(try DHCPPacket.read(bytes)))
    #expect(client.firmware == firmware)
    #expect(client.processor == processor)
    #expect(client.transport.rawValue == transport)
    #expect(client.isIPXE == isIPXE)
    #expect(client.uuid != nil)
  }

  @Test(
    "An operating system's client is no boot client",
    arguments: [
      "35 01 01 ff", "35 01 01 3c 08 'MSFT' 20 '5.0' ff", "35 01 01 3c 08 'PXEClien' 5d 02 0007 ff",
      "35 01 01 5d 02 0007 ff",
    ])
  func other(options: String) throws {
    #expect(try Self.client(options) == nil)
    #expect(PXEClient(try DHCPPacket.read(Fixture.udhcpcDiscover)) == nil)
  }

  @Test(
    "A server's message, a group address and a foreign network are no client",
    arguments: [
      (0, UInt8(2)), (1, 32), (2, 16), (28, 0x01),
    ])
  func notAClient(offset: Int, value: UInt8) throws {
    var header = DHCPPacketTests.header
    header[offset] = value
    #expect(try Self.client("3c 09 'PXEClient' ff", header: header) == nil)
    #expect(try Self.client("3c 09 'PXEClient' ff") != nil)
  }

  @Test(
    "iPXE shows by its user class, bare or in a list, or by its own options",
    arguments: [
      ("4d 04 'iPXE'", true), ("4d 05 04 'iPXE'", true), ("4d 09 03 'foo' 04 'iPXE'", true), ("4d 04 'gPXE'", true),
      ("4d 05 'iPXE' 00", true), ("af 03 b10100", true), ("4d 04 'iPXX'", false), ("4d 05 'iPXE2'", false),
      ("4d 03 ff 'iP'", false), ("4d 05 00 'iPXE'", false), ("4d 00", false),
    ])
  func ipxe(option: String, isIPXE: Bool) throws {
    let client = try #require(try Self.client("3c 09 'PXEClient' \(option) ff"))
    #expect(client.isIPXE == isIPXE)
    #expect(try (Self.client("\(option) ff") != nil) == isIPXE)
  }

  @Test(
    "Architectures by the IANA registry, with 9 as x64",
    arguments: [
      (0, "bios", "x86", "tftp"), (6, "uefi", "x86", "tftp"), (7, "uefi", "x64", "tftp"), (9, "uefi", "x64", "tftp"),
      (10, "uefi", "arm32", "tftp"), (11, "uefi", "arm64", "tftp"), (15, "uefi", "x86", "http"),
      (16, "uefi", "x64", "http"), (18, "uefi", "arm32", "http"), (19, "uefi", "arm64", "http"),
      (20, "bios", "x86", "http"), (2, "uefi", nil, "tftp"), (27, "uefi", nil, "tftp"), (65535, "uefi", nil, "tftp"),
    ] as [(UInt16, String, String?, String)])
  func architecture(code: UInt16, firmware: String, processor: String?, transport: String) {
    let architecture = ClientArchitecture(rawValue: code)
    #expect(architecture.firmware.rawValue == firmware)
    #expect(architecture.processor?.rawValue == processor)
    #expect(architecture.transport.rawValue == transport)
  }

  @Test(
    "Of several architectures the first that we can boot counts",
    arguments: [
      ("5d 04 0002 0007", 7), ("5d 04 0007 0000", 7), ("5d 04 0002 0005", 2), ("5d 03 000b 00", 11), ("5d 01 07", 0),
      ("5d 00", 0), ("", 0),
    ] as [(String, UInt16)])
  func list(option: String, code: UInt16) throws {
    let client = try #require(try Self.client("3c 09 'PXEClient' \(option) ff"))
    #expect(client.architecture.rawValue == code)
  }

  @Test(
    "Without option 93 the class identifier tells the architecture",
    arguments: [
      ("20 'PXEClient:Arch:00011:UNDI:003000'", 11), ("20 'PXEClient:Arch:99999:UNDI:003000'", 0),
      ("20 'PXEClient:Arch:000x1:UNDI:003000'", 0), ("0f 'PXEClient:Arch:'", 0),
    ] as [(String, UInt16)])
  func vendorClass(value: String, code: UInt16) throws {
    let client = try #require(try Self.client("3c \(value) ff"))
    #expect(client.architecture.rawValue == code)
  }

  @Test("The class decides the transport, whatever the architecture says")
  func transport() throws {
    #expect(try Self.client("3c 0a 'HTTPClient' 5d 02 0007 ff")?.transport == .http)
    #expect(try Self.client("3c 09 'PXEClient' 5d 02 0010 ff")?.transport == .tftp)
    #expect(try Self.client("4d 04 'iPXE' 5d 02 0010 ff")?.transport == .http)
  }

  @Test(
    "A malformed machine identifier costs the option, not the client",
    arguments: [
      ("61 11 00 506a0c1f1d5b0c4e9a01525400770001", "1f0c6a50-5b1d-4e0c-9a01-525400770001", false),
      ("61 11 00 00*16", nil, false), ("61 11 00 ff*16", nil, false), ("61 00", nil, false), ("", nil, false),
      ("61 10 00*16", nil, true), ("61 11 01 506a0c1f1d5b0c4e9a01525400770001", nil, true), ("61 01 00", nil, true),
    ] as [(String, String?, Bool)])
  func uuid(option: String, uuid: String?, isMalformed: Bool) throws {
    let client = try #require(try Self.client("3c 09 'PXEClient' \(option) ff"))
    #expect(client.uuid?.description == uuid)
    #expect(client.hasMalformedUUID == isMalformed)
  }

  @Test("The class is shown bounded and printable")
  func shownClass() throws {
    let client = try #require(try Self.client("3c ff 'PXEClient' 0a 1b" + String(repeating: " 41", count: 244) + " ff"))
    #expect(client.vendorClass == "PXEClient.." + String(repeating: "A", count: 53))
  }
}
