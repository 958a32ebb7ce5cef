import BareMetal
import Testing
import Wire

@Suite("Reports of a wipe")
struct WipeReportTests {
  private let start = WipeIntentTests.now

  /// Accepted, with disks a and b to be erased and c to be kept.
  private func status() -> ServerStatus {
    let disks = [WipeIntentTests.disk("a"), WipeIntentTests.disk("b"), WipeIntentTests.disk("c")]
    var server = WipeIntentTests.server(disks, policy: WipePolicy(keep: [DiskSelector(serialNumber: "c")]))
    server.status.wipe = WipeIntentTests.intent(server)
    return server.status
  }

  private func record(
    _ serial: String, _ result: EraseRecord.Result, bytes: UInt64? = nil, verification: String? = nil
  ) -> EraseRecord {
    var record = EraseRecord(disk: DiskIdentity(WipeIntentTests.disk(serial)), result: result)
    record.bytes = bytes
    record.verification = verification
    return record
  }

  private func report(_ records: [EraseRecord], isFinal: Bool = false, failure: String? = nil) -> WipeReport {
    WipeReport(
      server: "4c4c", id: "id-1", token: Secret("t"), records: records, isFinal: isFinal, failure: failure)
  }

  private func erased(_ serial: String) -> EraseRecord { record(serial, .erased, verification: "zero") }

  @Test("Heartbeats keep the condition young and say how far it is; the end makes the machine clean")
  func works() throws {
    var status = status()
    #expect(try status.take(report([record("a", .running), record("b", .running)]), now: start) == .began)
    #expect(status.wipe?.phase == .running)
    #expect(status.wipe?.startedAt == start)
    #expect(status.conditions?.map(\.type) == ["PowerCycle"])
    #expect(status.conditions?.first?.status == .false)
    #expect(status.conditions?.first?.reason == "InProgress")

    let later = start.advanced(bySeconds: 60)
    let half = report([record("a", .running, bytes: 600), erased("b")])
    #expect(try status.take(half, now: later) == .running(quarter: 75))
    #expect(status.wipe?.message == "80 % erased")
    #expect(status.wipe?.heartbeat == later)
    #expect(status.conditions?.first?.lastTransitionTime == later)
    #expect(status.wipe?.records?.first?.startedAt == start)
    #expect(status.wipe?.records?.last?.finishedAt == later)
    #expect(try status.take(half, now: later) == .running(quarter: nil))
    #expect(!status.isClean)

    let end = later.advanced(bySeconds: 60)
    let last = report([erased("a"), erased("b"), record("c", .kept)], isFinal: true)
    #expect(try status.take(last, now: end) == .done)
    #expect(status.isClean)
    #expect(status.wipe?.phase == .done)
    #expect(status.wipe?.message == "2 disks erased, 1 kept")
    #expect(status.conditions?.count == 1)
    #expect(status.conditions?.first?.status == .true)
    #expect(status.wipe?.records?.map(\.finishedAt) == [end, later, end])

    // The agent did not get the answer.
    let before = status
    #expect(try status.take(last, now: end.advanced(bySeconds: 9)) == .repeated)
    #expect(status == before)
  }

  @Test("What is not erased and read back does not make it clean")
  func shortcomings() throws {
    let broken = {
      var record = record("b", .failed)
      record.message = "I/O error"
      return record
    }()
    let cases: [([EraseRecord], String?, String)] = [
      ([erased("a"), broken], nil, "Acme b (/dev/sdb): I/O error"),
      ([erased("a")], nil, "Acme b (/dev/sdb) was not erased and read back"),
      ([erased("a"), record("b", .erased)], nil, "Acme b (/dev/sdb) was not erased and read back"),
      ([erased("a"), record("b", .skipped)], nil, "Acme b (/dev/sdb) was not erased and read back"),
      ([erased("a"), record("b", .running)], nil, "Acme b (/dev/sdb) was not erased and read back"),
      ([erased("a"), erased("b"), erased("c")], nil, "Acme c (/dev/sdc) was to be kept, and is erased"),
      ([], "no driver", "no driver"),
      ([erased("a"), erased("b")], "something else", "something else"),
    ]
    for (records, failure, reason) in cases {
      var status = status()
      #expect(try status.take(report(records, isFinal: true, failure: failure), now: start) == .failed(reason))
      #expect(!status.isClean)
      #expect(status.wipe?.phase == .failed)
      #expect(status.wipe?.message == reason)
      #expect(status.conditions?.first?.reason == "WipeFailed")
      #expect(status.conditions?.first?.severity == "Error")
      // Nothing more comes of this intent.
      #expect(throws: WipeReportError.ended) { try status.take(report([]), now: start) }
    }
  }

  @Test("Reports of another intent, of none, and those that say what cannot be are refused and change nothing")
  func refused() {
    var (none, open) = (ServerStatus(), status())
    let before = open
    #expect(throws: WipeReportError.noIntent) { try none.take(report([]), now: start) }
    var other = report([])
    other.id = "id-0"
    #expect(throws: WipeReportError.superseded) { try open.take(other, now: start) }

    var (long, control, many) = (erased("a"), erased("a"), erased("a"))
    long.method = String(repeating: "x", count: 257)
    control.message = "\u{1b}[2J"
    many.attempts = Array(repeating: "x", count: 17)
    for records in [
      [erased("z")], [erased("a"), erased("a")], [long], [control], [many],
      (0..<1025).map { record("\($0)", .skipped) },
    ] {
      #expect { try open.take(report(records, isFinal: true), now: start) } throws: {
        if case .invalid? = $0 as? WipeReportError { true } else { false }
      }
    }
    #expect(open == before)
    // Skipped media are nobody's order, and welcome.
    #expect(throws: Never.self) { try open.take(report([record("z", .skipped)]), now: start) }
  }

  @Test("A machine without disks is clean when its agent says so")
  func diskless() throws {
    var server = WipeIntentTests.server([])
    server.status.wipe = WipeIntentTests.intent(server)
    #expect(try server.status.take(report([], isFinal: true), now: start) == .done)
    #expect(server.status.wipe?.percent == 100)
  }
}
