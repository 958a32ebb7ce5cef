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
    /// A machine's record between the one heard of before it and the one after.
    struct Place {
      var record = BootRecord()
      var earlier: Int?
      var later: Int?
    }

    /// Never more than ``Limits/machines``; a machine keeps its place until it is forgotten.
    var places: [Place] = []
    /// The machine heard of longest ago, which is the one to forget, and the one heard of last.
    var earliest: Int?
    var latest: Int?
    var byMAC: [MACAddress: Int] = [:]
    var byUUID: [SystemUUID: Int] = [:]
    var byAddress: [IPAddress: Int] = [:]
    var lastFollower: UInt64 = 0
    var followers: [UInt64: AsyncStream<Update>.Continuation] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())
  private let ended = EndedStreams()
  private let now: @Sendable () -> Timestamp

  /// - Parameter now: the wall clock.
  public init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

  public func report(_ occurrence: BootOccurrence, of subject: BootSubject) {
    let event = BootEvent(
      time: now(), reason: occurrence.reason, message: PlainText.line(occurrence.message),
      isWarning: occurrence.isWarning)
    state.withLock { state in
      let key = state.append(event, of: subject)
      for key in ended.take() { state.followers[key] = nil }
      guard !state.followers.isEmpty else { return }
      let record = state.places[key].record
      let update = Update(mac: record.mac, uuid: record.uuid, address: record.address, event: event)
      for follower in state.followers.values { follower.yield(update) }
    }
  }

  /// Every machine's record, the one heard of last at the end.
  public func records() -> [BootRecord] {
    state.withLock { state in
      var records: [BootRecord] = []
      records.reserveCapacity(state.places.count)
      var next = state.earliest
      while let key = next {
        records.append(state.places[key].record)
        next = state.places[key].later
      }
      return records
    }
  }

  /// What happens from now on; `nil` when there are too many followers, or the journal is closed.
  public func follow() -> AsyncStream<Update>? {
    let (stream, continuation) = AsyncStream<Update>.makeStream(
      bufferingPolicy: .bufferingNewest(Limits.bufferedUpdates))
    let key: UInt64? = state.withLock { state in
      for key in ended.take() { state.followers[key] = nil }
      guard !state.isClosed, state.followers.count < Limits.followers else { return nil }
      state.lastFollower += 1
      state.followers[state.lastFollower] = continuation
      return state.lastFollower
    }
    guard let key else { return nil }
    continuation.onTermination = { [ended] _ in ended.note(key) }
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
}

extension BootJournal.State {
  /// Finds the machine by whatever is known of it, learns what is new, and adds the event.
  /// - Returns: the machine's place.
  fileprivate mutating func append(_ event: BootEvent, of subject: BootSubject) -> Int {
    let key = find(subject) ?? insert()
    if let mac = subject.mac, places[key].record.mac != mac {
      places[key].record.mac = mac
      byMAC[mac] = key
    }
    if let uuid = subject.uuid {
      if let old = places[key].record.uuid, old != uuid, byUUID[old] == key { byUUID[old] = nil }
      places[key].record.uuid = uuid
      byUUID[uuid] = key
    }
    if let address = subject.address, !address.isUnspecified { learn(address, for: key) }
    places[key].record.events.append(event)
    if places[key].record.events.count > BootJournal.Limits.eventsPerMachine {
      places[key].record.events.removeFirst()
    }
    moveLast(key)
    return key
  }

  /// An address belongs to the machine that had it last.
  private mutating func learn(_ address: IPAddress, for key: Int) {
    let old = places[key].record.address
    if old == address, byAddress[address] == key { return }
    if let old, old != address, byAddress[old] == key { byAddress[old] = nil }
    if let other = byAddress[address], other != key { places[other].record.address = nil }
    places[key].record.address = address
    byAddress[address] = key
  }

  /// A hardware address decides before a UUID (boards with equal UUIDs exist), a UUID before an IP address (which moves).
  private func find(_ subject: BootSubject) -> Int? {
    if let mac = subject.mac, let key = byMAC[mac] { return key }
    if let uuid = subject.uuid, let key = byUUID[uuid], subject.mac == nil || places[key].record.mac == nil {
      return key
    }
    if let address = subject.address, let key = byAddress[address],
      subject.mac == nil || places[key].record.mac == nil,
      subject.uuid == nil || places[key].record.uuid == nil || places[key].record.uuid == subject.uuid
    {
      return key
    }
    return nil
  }

  /// A new place, or that of the machine heard of longest ago.
  private mutating func insert() -> Int {
    guard places.count >= BootJournal.Limits.machines, let key = earliest else {
      places.append(Place())
      return places.count - 1
    }
    let record = places[key].record
    if let mac = record.mac, byMAC[mac] == key { byMAC[mac] = nil }
    if let uuid = record.uuid, byUUID[uuid] == key { byUUID[uuid] = nil }
    if let address = record.address, byAddress[address] == key { byAddress[address] = nil }
    places[key].record = BootRecord()
    return key
  }

  /// The machine is the one heard of last.
  private mutating func moveLast(_ key: Int) {
    guard latest != key else { return }
    let (earlier, later) = (places[key].earlier, places[key].later)
    if let earlier { places[earlier].later = later }
    if let later { places[later].earlier = earlier }
    if earliest == key { earliest = later }
    if let latest { places[latest].later = key }
    places[key].earlier = latest
    places[key].later = nil
    latest = key
    if earliest == nil { earliest = key }
  }
}
