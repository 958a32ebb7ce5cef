import BareMetal
import Wire

/// The times of a leader election.
public struct LeaderElectionTimes: Hashable, Sendable {
  /// After the leader's last sign of life, counted from when the others saw it, they may take over.
  public var lease = Duration.seconds(15)
  /// A leader that could not renew for so long leads no longer, counted from when it asked: so that it has stopped before
  /// anybody takes over, with a third of the lease for what is under way to end and for clocks that differ.
  public var renewal = Duration.seconds(10)
  /// Between two attempts, and half as much again at most by chance.
  public var retry = Duration.seconds(2)

  public init() {}
}

/// Decides who leads: the state of one candidate. A leader that is killed is followed within ``LeaderElectionTimes/lease``
/// and twice ``LeaderElectionTimes/retry``.
struct LeaderElection: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// What the lease said when it was looked at last.
  struct Observation: Hashable, Sendable {
    var holder: String
    /// Changes with every sign of life.
    var version: String
    /// When this version was first seen, by our clock: the holder's may be wrong.
    var since: Instant
    /// How long the holder wants to be believed.
    var duration: Duration
  }

  enum Action: Hashable, Sendable {
    /// Write the lease, as its holder; `isNew` where it changes hands.
    case claim(isNew: Bool)
    /// Somebody else holds it: look again.
    case look
  }

  let identity: String
  let times: LeaderElectionTimes
  private(set) var observation: Observation?
  /// When the last write of ours that succeeded was begun; `nil` while somebody else leads.
  private(set) var renewed: Instant?
  /// The last write of ours whose answer was lost: when it was begun, and what it wrote, which no other write did.
  private var unanswered: (begun: Instant, time: String?)?

  init(identity: String, times: LeaderElectionTimes = LeaderElectionTimes()) {
    self.identity = identity
    self.times = times
  }

  /// Whether this candidate leads. It stops by itself when it has not heard that it still does.
  func leads(at now: Instant) -> Bool {
    guard let renewed else { return false }
    return now < renewed + times.renewal
  }

  /// Until when it leads if nothing more is heard.
  var leadsUntil: Instant? { renewed.map { $0 + times.renewal } }

  /// The lease was read; `nil` when there is none.
  mutating func observe(_ lease: LeaseObject?, at now: Instant) {
    guard let lease else {
      observation = nil
      renewed = nil
      return
    }
    let holder = lease.spec?.holderIdentity ?? ""
    let version = lease.metadata.resourceVersion ?? ""
    if holder != identity {
      renewed = nil
    } else if let write = unanswered, write.time != nil, write.time == lease.spec?.renewTime {
      // It was done: without this, a candidate would wait out its own lease.
      renewed = write.begun
      unanswered = nil
    }
    guard observation?.version != version || observation?.holder != holder else { return }
    // A lease of nonsense is believed for as long as ours.
    let seconds = lease.spec?.leaseDurationSeconds.flatMap { (1...3600).contains($0) ? $0 : nil }
    observation = Observation(
      holder: holder, version: version, since: now, duration: seconds.map { .seconds($0) } ?? times.lease)
  }

  /// What to do now that the lease was observed.
  func action(at now: Instant) -> Action {
    guard let observation, !observation.holder.isEmpty else { return .claim(isNew: true) }
    // Ours from a run before this one: nobody else is this identity, but another life of it may not have ended.
    if observation.holder == identity {
      return renewed != nil || now >= observation.since + observation.duration ? .claim(isNew: renewed == nil) : .look
    }
    return now >= observation.since + observation.duration ? .claim(isNew: true) : .look
  }

  /// Whether the lease can be renewed over what was written last, without being read before.
  func canRenew(at now: Instant) -> Bool { leads(at: now) && observation?.holder == identity }

  /// A claim that was begun at `start` succeeded, and the lease is now this.
  mutating func claimed(_ lease: LeaseObject, begunAt start: Instant, at now: Instant) {
    unanswered = nil
    observe(lease, at: now)
    renewed = start
  }

  /// No answer came to a claim that was begun at `start`: whether it was done is seen by reading the lease.
  mutating func missed(_ claim: LeaseObject.Spec, begunAt start: Instant) { unanswered = (start, claim.renewTime) }

  /// A claim met a lease that somebody else had changed: who holds it is seen by reading it.
  mutating func lost() { renewed = nil }

  /// What a claim writes.
  func claim(over lease: LeaseObject?, isNew: Bool, wallClock: Timestamp) -> LeaseObject.Spec {
    let time = LeaseObject.microTime(wallClock)
    let transitions = lease?.spec?.leaseTransitions ?? 0
    // The first holder of all is no change of hands.
    let isChange = isNew && lease?.spec?.holderIdentity?.isEmpty == false && lease?.spec?.holderIdentity != identity
    return LeaseObject.Spec(
      holderIdentity: identity, leaseDurationSeconds: Int(clamping: times.lease.components.seconds),
      acquireTime: isNew ? time : lease?.spec?.acquireTime ?? time, renewTime: time,
      leaseTransitions: max(0, min(transitions, Int(Int32.max) - 1)) + (isChange ? 1 : 0))
  }

  /// Before the lease is looked at again: by chance, so that several candidates do not ask at once.
  /// - Parameter elapsed: what the last attempt took. One that waited for an answer in vain has waited already.
  func pause(after elapsed: Duration, using random: inout some RandomNumberGenerator) -> Duration {
    max(times.retry / 4, times.retry * Double.random(in: 1...1.5, using: &random) - elapsed)
  }
}
