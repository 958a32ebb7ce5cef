import Synchronization
public import Wire

/// The one record of every machine's boot: the command line, metrics and "why did it not boot" are views of it.
///
/// In memory and bounded in machines, events, and followers. Safe to call from any thread; a report costs one short
/// lock and no I/O, so the packet path may use it.
public final class BootJournal: BootEventSink {
  /// What the journal holds at most.
  public enum Limits {
    /// Beyond this the machine heard of longest ago is forgotten. A large rack row is some hundred machines; this is
    /// room for a flood of made-up hardware addresses without losing all of them.
    public static let machines = 4096
    public static let eventsPerMachine = 64
    /// Watchers of the live view; each buffers ``bufferedUpdates`` events, the oldest are dropped first.
    public static let followers = 32
    public static let bufferedUpdates = 1024
  }

  /// An event and whose it was, for followers.
  public struct Update: Hashable, Sendable, Codable {
    public var mac: MACAddress?
    public var uuid: SystemUUID?
    public var address: IPAddress?
    public var event: BootEvent
  }

  fileprivate struct State {
    var records: [Int: BootRecord] = [:]
    /// When each record was last touched, by a counter: the least is the one to forget.
    var touched: [Int: UInt64] = [:]
    var byMAC: [MACAddress: Int] = [:]
    var byUUID: [SystemUUID: Int] = [:]
    var byAddress: [IPAddress: Int] = [:]
    var counter: UInt64 = 0
    var nextKey = 0
    var followers: [UInt64: AsyncStream<Update>.Continuation] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())
  private let now: @Sendable () -> Timestamp

  /// - Parameter now: the wall clock.
  public init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

  public func report(_ occurrence: BootOccurrence, of subject: BootSubject) {
    let event = BootEvent(
      time: now(), reason: occurrence.reason, message: PlainText.line(occurrence.message),
      isWarning: occurrence.isWarning)
    state.withLock { state in
      let key = state.append(event, of: subject)
      guard !state.followers.isEmpty, let record = state.records[key] else { return }
      let update = Update(mac: record.mac, uuid: record.uuid, address: record.address, event: event)
      for follower in state.followers.values { follower.yield(update) }
    }
  }

  /// Every machine's record, the one heard of last at the end.
  public func records() -> [BootRecord] {
    state.withLock { state in
      state.records.sorted { state.touched[$0.key, default: 0] < state.touched[$1.key, default: 0] }.map(\.value)
    }
  }

  /// What happens from now on; `nil` when there are too many followers, or the journal is closed.
  public func follow() -> AsyncStream<Update>? {
    let (stream, continuation) = AsyncStream<Update>.makeStream(
      bufferingPolicy: .bufferingNewest(Limits.bufferedUpdates))
    let key: UInt64? = state.withLock { state in
      guard !state.isClosed, state.followers.count < Limits.followers else { return nil }
      state.counter += 1
      state.followers[state.counter] = continuation
      return state.counter
    }
    guard let key else { return nil }
    continuation.onTermination = { [weak self] _ in self?.unfollow(key) }
    return stream
  }

  /// Ends every follower's stream, and lets no more in: at shutdown.
  public func close() {
    let followers = state.withLock { state in
      defer { state.followers = [:] }
      state.isClosed = true
      return Array(state.followers.values)
    }
    for follower in followers { follower.finish() }
  }

  private func unfollow(_ key: UInt64) {
    state.withLock { _ = $0.followers.removeValue(forKey: key) }
  }
}

extension BootJournal.State {
  /// Finds the machine by whatever is known of it, learns what is new, and adds the event.
  /// - Returns: the machine's key.
  fileprivate mutating func append(_ event: BootEvent, of subject: BootSubject) -> Int {
    let key = find(subject) ?? insert()
    // Taken out, so that its events are not copied.
    var record = records.removeValue(forKey: key) ?? BootRecord()
    if let mac = subject.mac {
      record.mac = mac
      byMAC[mac] = key
    }
    if let uuid = subject.uuid {
      if let old = record.uuid, old != uuid, byUUID[old] == key { byUUID[old] = nil }
      record.uuid = uuid
      byUUID[uuid] = key
    }
    if let address = subject.address, !address.isUnspecified { learn(address, for: key, &record) }
    record.events.append(event)
    if record.events.count > BootJournal.Limits.eventsPerMachine { record.events.removeFirst() }
    records[key] = record
    counter += 1
    touched[key] = counter
    return key
  }

  /// An address belongs to the machine that had it last.
  private mutating func learn(_ address: IPAddress, for key: Int, _ record: inout BootRecord) {
    if let old = record.address, old != address, byAddress[old] == key { byAddress[old] = nil }
    if let other = byAddress[address], other != key { records[other]?.address = nil }
    record.address = address
    byAddress[address] = key
  }

  /// A hardware address decides before a UUID (boards with equal UUIDs exist), a UUID before an IP address (which moves).
  private func find(_ subject: BootSubject) -> Int? {
    if let mac = subject.mac, let key = byMAC[mac] { return key }
    if let uuid = subject.uuid, let key = byUUID[uuid], subject.mac == nil || records[key]?.mac == nil { return key }
    if let address = subject.address, let key = byAddress[address],
      subject.mac == nil || records[key]?.mac == nil,
      subject.uuid == nil || records[key]?.uuid == nil
        || records[key]?.uuid == subject.uuid
    {
      return key
    }
    return nil
  }

  private mutating func insert() -> Int {
    if records.count >= BootJournal.Limits.machines, let oldest = touched.min(by: { $0.value < $1.value })?.key {
      if let record = records.removeValue(forKey: oldest) {
        if let mac = record.mac, byMAC[mac] == oldest { byMAC[mac] = nil }
        if let uuid = record.uuid, byUUID[uuid] == oldest { byUUID[uuid] = nil }
        if let address = record.address, byAddress[address] == oldest { byAddress[address] = nil }
      }
      touched[oldest] = nil
    }
    nextKey += 1
    return nextKey
  }
}
