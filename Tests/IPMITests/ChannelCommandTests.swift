import Testing
import Wire

@testable import IPMI

/// The bytes of commands about channels, payloads and records, from the tables of IPMI v2.0.
struct ChannelCommandTests {
  private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hexadecimal.bytes(hex)) }

  private func parse<Command: IPMICommand>(_ command: Command, _ hex: String) throws -> Command.Response {
    let good = try bytes(hex)
    // Cut anywhere or with a bit flipped: an error or another value.
    for length in 0..<good.count { _ = try? command.parse(Array(good.prefix(length)).span) }
    for bit in 0..<good.count * 8 {
      var bad = good
      bad[bit / 8] ^= 1 << (bit % 8)
      _ = try? command.parse(bad.span)
    }
    return try command.parse(good.span)
  }

  @Test("Get Channel Info: channel, medium, protocol, sessions")
  func channelInfo() throws {
    #expect(GetChannelInfo(channel: 0x0e).requestData == [0x0e])
    #expect(IPMIRequest(GetChannelInfo(channel: 1)).key == 0x0642)
    // Channel 1, 802.3 (4), IPMB-1.0 (1), multi-session with 2 active, IANA 7154, no auxiliary
    let response = try parse(GetChannelInfo(channel: 0x0e), "01 04 01 82 f21b00 0000")
    #expect(response == .init(channel: 1, medium: .lan, channelProtocol: 1, activeSessions: 2))
  }

  @Test("channel access: mode, limit, and what is set")
  func channelAccess() throws {
    #expect(IPMIRequest(GetChannelAccess(channel: 1)).key == 0x0641)
    #expect(GetChannelAccess(channel: 1, .nonVolatile).requestData == [1, 0x40])
    #expect(GetChannelAccess(channel: 1).requestData == [1, 0x80])
    // Alerting disabled, always available, administrator
    let access = try parse(GetChannelAccess(channel: 1), "22 04")
    #expect(access.mode == .always && access.privilegeLimit == .administrator && access.isAlertingDisabled)
    #expect(!access.isPerMessageAuthenticationDisabled && !access.isUserLevelAuthenticationDisabled)
    let set = SetChannelAccess(channel: 1, .nonVolatile, access)
    #expect(IPMIRequest(set).key == 0x0640)
    #expect(set.requestData == [1, 0x62, 0x44])
    #expect(try parse(GetChannelAccess(channel: 1), "07 04").mode == nil)
  }

  @Test("the system's GUID is sixteen bytes")
  func guid() throws {
    #expect(IPMIRequest(GetSystemGUID()).key == 0x0637)
    let hex = "000102030405060708090a0b0c0d0e0f"
    #expect(try parse(GetSystemGUID(), hex) == bytes(hex))
    #expect(throws: IPMIParseError.self) { try parse(GetSystemGUID(), "0001") }
  }

  @Test("who has the serial port")
  func payloadStatus() throws {
    #expect(GetPayloadActivationStatus().requestData == [1])
    #expect(IPMIRequest(GetPayloadActivationStatus()).key == 0x064a)
    let response = try parse(GetPayloadActivationStatus(), "02 01 80")
    #expect(response.capacity == 2 && response.activeInstances == [1, 16])
  }

  @Test(
    "settings of serial-over-LAN",
    arguments: [
      (.isEnabled(true), "01", "01"), (.authentication(mustEncrypt: true, mustSign: true, .operator), "02", "c3"),
      (.accumulation(interval: 5, threshold: 96), "03", "05 60"), (.retry(count: 7, interval: 50), "04", "07 32"),
      (.bitRate(.rate115200, isVolatile: false), "05", "0a"), (.bitRate(.rate9600, isVolatile: true), "06", "06"),
      (.port(623), "08", "6f02"),
    ] as [(SOLParameter, String, String)])
  func solConfiguration(parameter: SOLParameter, number: String, data: String) throws {
    #expect(try SetSOLConfiguration(channel: 1, parameter).requestData == bytes("01" + number + data))
    #expect(IPMIRequest(SetSOLConfiguration(parameter)).key == 0x0c21)
    let get = GetSOLConfiguration(channel: 1, parameter.number)
    #expect(IPMIRequest(get).key == 0x0c22)
    #expect(try get.requestData == bytes("01" + number + "0000"))
    #expect(try parse(get, "11" + data) == parameter)
  }

  @Test("device records are asked for as the repository's, of another function")
  func deviceRecords() throws {
    #expect(IPMIRequest(ReserveDeviceSDRRepository()).key == 0x0422)
    let command = GetDeviceSDR(GetSDR(reservation: 0x1234, record: 0x0506, offset: 7, count: 8))
    #expect(IPMIRequest(command).key == 0x0421)
    #expect(command.requestData == [0x34, 0x12, 0x06, 0x05, 7, 8])
    #expect(try parse(command, "0700 aabb") == GetSDR.Response(next: 7, data: [0xaa, 0xbb]))
  }

  @Test("an event record in parts; words of FRU devices; padded enabling")
  func parts() throws {
    let part = GetSELEntryPart(reservation: 1, record: 0xffff, offset: 8, count: 8)
    #expect(part.requestData == [1, 0, 0xff, 0xff, 8, 8])
    #expect(throws: IPMIParseError.self) {
      try parse(GetSELEntryPart(reservation: 1, record: 1, offset: 0, count: 1), "0200 aabb")
    }
    #expect(try parse(ReadFRUInventory(offset: 0, count: 1, isByWords: true), "01 aabb") == [0xaa, 0xbb])
    #expect(SetUserPassword(user: 3, .enable, isPadded: true).requestData == [3, 1] + [UInt8](repeating: 0, count: 16))
  }
}
