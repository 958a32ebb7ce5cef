import Testing
import Wire

@testable import IPMI

/// Sensor records and FRU inventories by parts.
struct InventoryTests {
  struct Store: Sendable {
    /// Records by number, each with the number that follows.
    var records: [(number: UInt16, next: UInt16, bytes: [UInt8])] = []
    var mostBytes = 16
    var losses = 0
    var reservation: UInt16 = 1
    /// Only Get Device SDR works.
    var isDevice = false
    var readings: [UInt8: [UInt8]] = [:]
    var frus: [UInt8: [UInt8]] = [:]
    var fruSize: Int?
    var isByWords = false
    var busy = 0
    var fruReads = 0

    mutating func answer(_ request: IPMIRequest) -> IPMIReply? {
      let data = request.data
      switch request.key {
      case 0x0a22, 0x0a23:
        guard !isDevice else { return .no(0xc1) }
      case 0x0422, 0x0421:
        guard isDevice else { return .no(0xc1) }
      default: break
      }
      switch request.key {
      case 0x0a22, 0x0422:
        reservation += 1
        return .ok([UInt8(reservation & 0xff), UInt8(reservation >> 8)])
      case 0x0a23, 0x0421:
        let number = UInt16(data[2]) | UInt16(data[3]) << 8
        let found = number == 0 ? records.first : records.first { $0.number == number }
        guard let record = found else { return .no(0xcb) }
        guard Int(data[5]) <= mostBytes else { return .no(0xca) }
        if data[4] > 0 {
          guard UInt16(data[0]) | UInt16(data[1]) << 8 == reservation else { return .no(0xc5) }
          if losses > 0 {
            losses -= 1
            return .no(0xc5)
          }
        }
        let part = record.bytes.dropFirst(Int(data[4])).prefix(Int(data[5]))
        return .ok([UInt8(record.next & 0xff), UInt8(record.next >> 8)] + part)
      case 0x042d: return readings[data[0]].map { .ok($0) } ?? .no(0xcb)
      case 0x0a10:
        guard let fru = frus[data[0]] else { return .no(0xcb) }
        let size = fruSize ?? fru.count
        return .ok([UInt8(size & 0xff), UInt8(size >> 8), isByWords ? 1 : 0])
      case 0x0a11:
        fruReads += 1
        if busy > 0 {
          busy -= 1
          return .no(0x81)
        }
        let unit = isByWords ? 2 : 1
        let offset = (Int(data[1]) | Int(data[2]) << 8) * unit
        guard let fru = frus[data[0]], Int(data[3]) * unit <= mostBytes else { return .no(0xc8) }
        let part = Array(fru.dropFirst(offset).prefix(Int(data[3]) * unit))
        return .ok([UInt8(part.count / unit)] + part)
      default: return .no(0xc1)
      }
    }
  }

  private func bmc(_ change: (inout Store) -> Void) -> ScriptedRequester<Store> {
    var store = Store()
    change(&store)
    return ScriptedRequester(store) { $0.answer($1) }
  }

  private static func full(number: UInt16, next: UInt16, owner: UInt8 = 0x20) -> (UInt16, UInt16, [UInt8]) {
    var bytes = Hexadecimal.bytes(CommandTests.fullSensor) ?? []
    bytes[0] = UInt8(number)
    bytes[5] = owner
    bytes[7] = UInt8(0x30 + number)
    return (number, next, bytes)
  }

  /// A compact record, table 43-2: sensor 0x50 "PSU", power supply (08), sensor specific (6F), three sharing, numbered
  /// from 1.
  private static let compact: [UInt8] =
    [9, 0, 0x51, 0x02, 0x1e, 0x20, 0, 0x50, 0x0a, 1, 0x67, 0, 0x08, 0x6f]
    + [UInt8](repeating: 0, count: 6) + [0xc0, 0, 0, 0x03, 0x01, 0, 0, 0, 0, 0, 0, 0xc3, 0x50, 0x53, 0x55]

  @Test("sensor records by parts, smaller ones when refused, begun anew when the reservation is lost")
  func sensors() async throws {
    let bmc = bmc {
      $0.records = [
        Self.full(number: 1, next: 2), Self.full(number: 2, next: 4, owner: 0xc0), (4, 0xffff, Self.compact),
      ]
      $0.losses = 3
      $0.readings = [
        0x31: [100, 0xc0, 0xc0], 0x50: [0, 0xc0, 0x01, 0x80], 0x51: [0, 0xc0, 0x0b, 0x80], 0x52: [0, 0xe0, 0, 0],
      ]
    }
    let sensors = try await bmc.readSensors()
    // The second is another controller's.
    #expect(sensors.map(\.record.name) == ["CPU", "PSU1", "PSU2", "PSU3"])
    #expect(sensors.map(\.value) == [30.0, nil, nil, nil])
    #expect(sensors.map(\.health) == [.ok, .ok, .critical, .unknown])
    #expect(sensors[1].states == ["present"])
    #expect(sensors[2].states == ["present", "failed", "input lost"])
  }

  @Test("a controller without a repository has device records")
  func deviceRecords() async throws {
    let bmc = bmc {
      $0.isDevice = true
      $0.records = [Self.full(number: 1, next: 0xffff)]
    }
    #expect(try await bmc.readSensorRecords().map(\.name) == ["CPU"])
    let none = self.bmc { _ in }
    #expect(try await none.readSensorRecords().isEmpty)
  }

  @Test(
    "thresholds say how bad it is: by the BMC's bits, or by the limits",
    arguments: [
      // Raw 100 is 30 °C; the upper limits are at raw 208 (non-critical), 224 (critical) and 240.
      (100, 0x00, SensorState.Health.ok), (100, 0x08, .warning), (100, 0x10, .critical), (224, 0x00, .critical),
      (208, 0x00, .warning),
    ] as [(UInt8, UInt8, SensorState.Health)])
  func health(raw: UInt8, bits: UInt8, health: SensorState.Health) async throws {
    let bmc = bmc {
      $0.records = [Self.full(number: 1, next: 0xffff)]
      $0.readings = [0x31: [raw, 0xc0, 0xc0 | bits]]
    }
    #expect(try await bmc.readSensors().map(\.health) == [health])
  }

  @Test("records in circles, and headers cut short, are named")
  func circles() async throws {
    let circle = bmc { $0.records = [Self.full(number: 1, next: 2), Self.full(number: 2, next: 1)] }
    await #expect(throws: IPMIFailure.self) { try await circle.readSensorRecords() }
    let short = bmc { $0.records = [(1, 0xffff, [1, 0, 0x51])] }
    await #expect(throws: IPMIFailure.unusable("the BMC's sensor record 0 has a header of 3 bytes")) {
      try await short.readSensorRecords()
    }
    let cut = bmc { $0.records = [(1, 0xffff, [1, 0, 0x51, 1, 0xff, 0x20])] }
    await #expect(throws: IPMIFailure.unusable("sensor record 0 ends after 6 bytes")) {
      try await cut.readSensorRecords()
    }
  }

  /// A FRU device locator, table 43-7: device 3 of the BMC, logical, "DIMM".
  private static let locator: [UInt8] =
    [8, 0, 0x51, 0x11, 0x0f, 0x20, 3, 0x80, 0, 0, 0x10, 0, 0x20, 1, 0, 0xc4] + Array("DIMM".utf8)

  @Test("the machine's FRU and those that the records name", arguments: [false, true])
  func inventory(isByWords: Bool) async throws {
    let bmc = bmc {
      $0.records = [(8, 0xffff, Self.locator)]
      $0.frus = [0: CommandTests.fru(), 3: CommandTests.fru()]
      $0.isByWords = isByWords
      $0.busy = 2
    }
    let devices = try await bmc.readInventory()
    #expect(devices.map(\.number) == [0, 3] && devices.map(\.name) == ["", "DIMM"])
    #expect(devices.allSatisfy { $0.inventory.board?.serialNumber == "S1" })
  }

  @Test("a device that says it has 64 KiB is read up to its last area")
  func large() async throws {
    let bmc = bmc {
      $0.frus = [0: CommandTests.fru() + [UInt8](repeating: 0xff, count: 1000)]
      $0.fruSize = 0xffff
    }
    _ = try await bmc.readInventory()
    #expect(await bmc.state.fruReads < 12)
  }

  @Test("an area outside of the device is named; a broken one hides no other device")
  func outside() async throws {
    let small = bmc {
      $0.frus = [0: CommandTests.fru()]
      $0.fruSize = 20
    }
    await #expect(throws: IPMIFailure.self) { try await small.readInventory() }
    let broken = bmc {
      $0.records = [(8, 0xffff, Self.locator)]
      $0.frus = [0: [UInt8](repeating: 0xff, count: 64), 3: CommandTests.fru()]
    }
    #expect(try await broken.readInventory().map(\.number) == [3])
  }

  @Test("locators and compact records cut anywhere or with a bit flipped never trap")
  func shaken() throws {
    for good in [Self.locator, Self.compact] {
      for length in 0..<good.count {
        let bad = Array(good.prefix(length))
        _ = FRULocator(record: bad)
        _ = try? SensorRecord.parse(bad.span)?.sensors
      }
      for bit in 0..<good.count * 8 {
        var bad = good
        bad[bit / 8] ^= 1 << (bit % 8)
        _ = FRULocator(record: bad)
        _ = try? SensorRecord.parse(bad.span)?.sensors
      }
    }
    #expect(FRULocator(record: Self.locator)?.isKeptByBMC == true)
  }
}
