import Testing

@testable import IPMI

struct EventLogTests {
  /// A log of records numbered as said, each a "power supply failed" (type 08, sensor 0x40, 6F, offset 1).
  struct Log: Sendable {
    var numbers: [UInt16] = []
    var next: [UInt16: UInt16] = [:]
    /// The longest part that is sent; 16: whole records.
    var mostBytes = 16
    /// Reservations that get lost before one holds.
    var losses = 0
    var reservation: UInt16 = 0
    var reads = 0
    var erasing = 0

    init(_ numbers: [UInt16]) { self.numbers = numbers }

    static func record(_ number: UInt16) -> [UInt8] {
      [
        UInt8(number & 0xff), UInt8(number >> 8), 0x02, 0x00, 0xb9, 0x55, 0x69, 0x20, 0, 0x04, 0x08, 0x40, 0x6f, 0x01,
        0xff, 0xff,
      ]
    }

    mutating func answer(_ request: IPMIRequest) -> IPMIReply? {
      let data = request.data
      switch request.key {
      case 0x0a40:
        let count = UInt16(numbers.count)
        return .ok([0x51, UInt8(count & 0xff), UInt8(count >> 8), 0, 1] + [UInt8](repeating: 0, count: 8) + [0x02])
      case 0x0a42:
        reservation += 1
        return .ok([UInt8(reservation & 0xff), UInt8(reservation >> 8)])
      case 0x0a43:
        reads += 1
        let asked = UInt16(data[2]) | UInt16(data[3]) << 8
        let found = asked == 0 ? numbers.first : asked == 0xffff ? numbers.last : asked
        guard let number = found, let index = numbers.firstIndex(of: number) else { return .no(0xcb) }
        let isWhole = data[5] == 0xff
        if isWhole ? mostBytes < 16 : Int(data[5]) > mostBytes { return .no(0xca) }
        if !isWhole {
          guard UInt16(data[0]) | UInt16(data[1]) << 8 == reservation else { return .no(0xc5) }
          if losses > 0, data[4] > 0 {
            losses -= 1
            reservation += 1
            return .no(0xc5)
          }
        }
        let following = next[number] ?? (index + 1 < numbers.count ? numbers[index + 1] : 0xffff)
        let bytes = Self.record(number)
        let part = isWhole ? bytes : Array(bytes.dropFirst(Int(data[4])).prefix(Int(data[5])))
        return .ok([UInt8(following & 0xff), UInt8(following >> 8)] + part)
      case 0x0a47:
        if losses > 0 {
          losses -= 1
          return .no(0xc5)
        }
        if data[5] == 0xaa { numbers = [] }
        if data[5] == 0, erasing > 0 { erasing -= 1 }
        return .ok([erasing == 0 ? 1 : 0])
      default: return .no(0xc1)
      }
    }
  }

  private func bmc(_ log: Log) -> ScriptedRequester<Log> { ScriptedRequester(log) { $0.answer($1) } }

  @Test("records in order, with words")
  func read() async throws {
    let records = try await bmc(Log([1, 2, 3])).readEventLog()
    #expect(records.map(\.identifier) == [1, 2, 3])
    #expect(records.first?.subject == "power supply 0x40")
    #expect(records.first?.message == "failed")
    #expect(try await bmc(Log([])).readEventLog().isEmpty)
  }

  @Test(
    "a last record whose next is itself, the first, or one before ends the log", arguments: [3, 0, 1, 2] as [UInt16])
  func circular(next: UInt16) async throws {
    var log = Log([1, 2, 3])
    log.next = [3: next]
    #expect(try await bmc(log).readEventLog().map(\.identifier) == [1, 2, 3])
  }

  @Test("whole records refused: parts, smaller and smaller, begun anew when the reservation is lost")
  func parts() async throws {
    var log = Log([7, 9])
    log.mostBytes = 4
    log.losses = 3
    let records = try await bmc(log).readEventLog()
    #expect(records.map(\.identifier) == [7, 9])
    #expect(records.allSatisfy { $0.sensorNumber == 0x40 && $0.eventData == [1, 0xff, 0xff] })
    log.losses = 1000
    await #expect(throws: IPMIFailure.refused(command: "GetSELEntryPart", .reservationCancelled)) {
      try await bmc(log).readEventLog()
    }
  }

  @Test("the newest of a long log are found by number, and by reading all where numbers have holes")
  func newest() async throws {
    let dense = bmc(Log(Array(1...1000)))
    #expect(try await dense.readEventLog(limit: 10).map(\.identifier) == Array(991...1000))
    #expect(await dense.state.reads == 11)
    let holes = bmc(Log((1...500).map { $0 * 3 }))
    #expect(try await holes.readEventLog(limit: 4).map(\.identifier) == [1491, 1494, 1497, 1500])
  }

  @Test("clearing waits until the BMC is done, and survives a lost reservation")
  func clear() async throws {
    var log = Log([1, 2])
    log.losses = 2
    log.erasing = 4
    let bmc = bmc(log)
    try await bmc.clearEventLog()
    #expect(await bmc.state.numbers.isEmpty)
    #expect(await bmc.paused == .seconds(1))
    await bmc.change { $0.erasing = 1000 }
    await #expect(throws: IPMIFailure.unchanged("the BMC is still erasing its event log after 15 seconds")) {
      try await bmc.clearEventLog()
    }
  }
}
