extension IPMIRequester {
  /// Records read at most: a log of 64 KiB has 4,096, and `next` is not believed for ever.
  private var mostRecords: Int { 8192 }

  /// The newest records of the event log, oldest first.
  ///
  /// Records are a chain that can be followed forward only. Where the log has more than `limit`, the first of the
  /// newest is looked for by its number: most BMCs count on by one. Where they do not, all are read.
  public func readEventLog(limit: Int = 8192) async throws(IPMIFailure) -> [SELRecord] {
    let information = try await ask(GetSELInfo())
    guard information.entries > 0, limit > 0 else { return [] }
    if information.entries > limit, let last = try await selEntry(GetSELEntry.last),
      let start = UInt16(exactly: Int(last.record.identifier) - limit + 1), start > 0
    {
      let newest = try await selRecords(from: start, limit: limit)
      if newest.count == limit { return newest }
    }
    return try await selRecords(from: GetSELEntry.first, limit: limit)
  }

  /// Empties the event log.
  public func clearEventLog() async throws(IPMIFailure) {
    for attempt in 1...3 {
      // A log that knows no reservations takes 0.
      let reservation = try await askOptional(ReserveSEL()) ?? 0
      do throws(IPMIFailure) {
        var isDone = try await ask(ClearSEL(reservation: reservation, .begin))
        // A large log in slow memory takes seconds.
        for _ in 0..<60 where !isDone {
          try await pause(for: .milliseconds(250))
          isDone = try await ask(ClearSEL(reservation: reservation, .askProgress))
        }
        guard isDone else { throw IPMIFailure.unchanged("the BMC is still erasing its event log after 15 seconds") }
        return
      } catch {
        guard case .refused(_, .reservationCancelled) = error, attempt < 3 else { throw error }
      }
    }
  }

  private func selRecords(from start: UInt16, limit: Int) async throws(IPMIFailure) -> [SELRecord] {
    var records = [SELRecord]()
    var seen: Set<UInt16> = []
    var next = start
    while next != GetSELEntry.last, seen.insert(next).inserted, seen.count <= mostRecords {
      guard let entry = try await selEntry(next) else { break }
      records.append(entry.record)
      if records.count > limit { records.removeFirst() }
      // A last record that names itself, or the first: the log has ended.
      if entry.next == entry.record.identifier || entry.next == GetSELEntry.first { break }
      // Record 0 is "the first", whose real number is only known now.
      seen.insert(entry.record.identifier)
      next = entry.next
    }
    return records
  }

  /// One record; `nil`: there is none, or no longer.
  private func selEntry(_ record: UInt16) async throws(IPMIFailure) -> GetSELEntry.Response? {
    do throws(IPMIFailure) {
      return try await ask(GetSELEntry(record: record))
    } catch {
      guard case .refused(_, let code) = error else { throw error }
      if code == .notPresent { return nil }
      guard BMCQuirks.isRefusalOfSize(code) else { throw error }
    }
    let (next, bytes) = try await parts(
      of: 16, name: "event record \(record)", largest: 8,
      reserve: { () async throws(IPMIFailure) in try await ask(ReserveSEL()) },
      read: { (reservation, offset, count) async throws(IPMIFailure) in
        try await ask(GetSELEntryPart(reservation: reservation, record: record, offset: offset, count: count))
      })
    var offset = 0
    do {
      return GetSELEntry.Response(next: next, record: try SELRecord(parsing: bytes.span, at: &offset))
    } catch {
      throw .malformed(command: "GetSELEntry", error)
    }
  }
}
