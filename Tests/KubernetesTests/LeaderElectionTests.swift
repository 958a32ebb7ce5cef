import BareMetal
import Testing
import Wire

@testable import Kubernetes

/// Candidates, their network and the lease in virtual time: what each does, when it dies, and how long its requests take
/// is drawn from a seed.
private struct ElectionSimulation {
  struct Candidate {
    var election: LeaderElection
    var nextStep: Int
    var isAlive = true
    /// The lease as it wrote it last, if nothing is known against it.
    var latest: LeaseObject?
    /// Its requests fail until then.
    var cutOffUntil = 0
  }

  /// A request under way: when it reaches the lease, and when its answer is back.
  struct Flight {
    var candidate: Int
    var arrives: Int
    var returns: Int
    var begun: Int
    var spec: LeaseObject.Spec?
    var version: String?
    var answer: LeaseObject?
    var isLost = false
    /// It was the one that changed the lease.
    var isWritten = false
  }

  var random: SplitMix
  var candidates: [Candidate] = []
  var lease: LeaseObject?
  var version = 0
  var time = 0
  var flights: [Flight] = []
  let origin = ContinuousClock.now
  /// The longest way to the lease, and back, in milliseconds.
  let latency: Int
  /// Of each moment at which two led.
  var doubles: [Int] = []
  /// Since when nobody led, and the longest of that.
  var leaderlessSince = 0
  var longestGap = 0
  var leaders: Set<Int> = []

  init(seed: UInt64, candidates count: Int, latency: Int) {
    random = SplitMix(state: seed)
    self.latency = latency
    for number in 0..<count {
      let first = Int.random(in: 0..<4000, using: &random)
      candidates.append(Candidate(election: LeaderElection(identity: "c\(number)"), nextStep: first))
    }
  }

  private func instant(_ milliseconds: Int) -> ContinuousClock.Instant { origin + .milliseconds(milliseconds) }

  /// A tenth of a second at a time.
  mutating func run(seconds: Int, each: (inout ElectionSimulation, Int) -> Void) {
    for _ in 0..<(seconds * 10) {
      time += 100
      each(&self, time)
      deliver()
      for index in candidates.indices where candidates[index].isAlive && candidates[index].nextStep <= time {
        step(index)
      }
      note()
    }
  }

  mutating func kill(_ index: Int) {
    candidates[index].isAlive = false
    flights.removeAll { $0.candidate == index && $0.arrives > time }
  }

  var leader: Int? {
    candidates.indices.first { candidates[$0].isAlive && candidates[$0].election.leads(at: instant(time)) }
  }

  private mutating func note() {
    let leading = candidates.indices.filter {
      candidates[$0].isAlive && candidates[$0].election.leads(at: instant(time))
    }
    if leading.count > 1 { doubles.append(time) }
    leaders.formUnion(leading)
    if !leading.isEmpty { leaderlessSince = time }
    longestGap = max(longestGap, time - leaderlessSince)
  }

  private mutating func step(_ index: Int) {
    candidates[index].nextStep = .max
    let election = candidates[index].election
    if election.canRenew(at: instant(time)), let known = candidates[index].latest {
      claim(index, over: known, isNew: false)
    } else {
      request(index, spec: nil, version: nil)
    }
  }

  private mutating func claim(_ index: Int, over lease: LeaseObject?, isNew: Bool) {
    let spec = candidates[index].election.claim(
      over: lease, isNew: isNew, wallClock: Timestamp(milliseconds: Int64(time)))
    request(index, spec: spec, version: lease?.metadata.resourceVersion)
  }

  private mutating func request(_ index: Int, spec: LeaseObject.Spec?, version: String?) {
    let there = Int.random(in: 10...latency, using: &random)
    let back = Int.random(in: 10...latency, using: &random)
    var flight = Flight(
      candidate: index, arrives: time + there, returns: time + there + back, begun: time, spec: spec, version: version)
    // Lost on the way there or on the way back: that is, done or not.
    if time < candidates[index].cutOffUntil || Int.random(in: 0..<20, using: &random) == 0 {
      flight.isLost = true
      if Bool.random(using: &random) { flight.arrives = .max }
      flight.returns = time + 3300
    }
    flights.append(flight)
  }

  private mutating func deliver() {
    for index in flights.indices where flights[index].arrives <= time {
      flights[index].arrives = .max
      if let spec = flights[index].spec {
        guard lease?.metadata.resourceVersion == flights[index].version else { continue }
        version += 1
        var metadata = ObjectMeta(name: "leader")
        metadata.resourceVersion = String(version)
        lease = LeaseObject(metadata: metadata, spec: spec)
        flights[index].isWritten = true
      }
      flights[index].answer = lease
    }
    let back = flights.filter { $0.returns <= time }
    flights.removeAll { $0.returns <= time }
    for flight in back where candidates[flight.candidate].isAlive { answer(flight) }
  }

  private mutating func answer(_ flight: Flight) {
    let index = flight.candidate
    let now = instant(time)
    defer {
      if candidates[index].nextStep == .max, !flights.contains(where: { $0.candidate == index }) {
        let pause = candidates[index].election.pause(after: .milliseconds(time - flight.begun), using: &random)
        candidates[index].nextStep = time + Int(pause / .milliseconds(1))
      }
    }
    if flight.isLost {
      if let spec = flight.spec {
        candidates[index].latest = nil
        candidates[index].election.missed(spec, begunAt: instant(flight.begun))
      }
      return
    }
    if flight.spec != nil {
      guard let written = flight.answer, written.metadata.resourceVersion != nil, flight.isWritten else {
        candidates[index].latest = nil
        candidates[index].election.lost()
        return
      }
      candidates[index].latest = written
      candidates[index].election.claimed(written, begunAt: instant(flight.begun), at: now)
      return
    }
    candidates[index].election.observe(flight.answer, at: now)
    if case .claim(let isNew) = candidates[index].election.action(at: now) {
      claim(index, over: flight.answer, isNew: isNew)
    }
  }
}

/// A small seeded generator (SplitMix64).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite("The election of a leader")
struct LeaderElectionTests {
  private let now = ContinuousClock.now

  private func lease(_ holder: String?, version: String, seconds: Int? = 15) -> LeaseObject {
    var metadata = ObjectMeta(name: "leader")
    metadata.resourceVersion = version
    return LeaseObject(
      metadata: metadata, spec: LeaseObject.Spec(holderIdentity: holder, leaseDurationSeconds: seconds))
  }

  @Test("At most one leads, and a leader that dies is followed within 30 s, whatever gets lost", arguments: 1...200)
  func simulation(_ seed: UInt64) {
    var simulation = ElectionSimulation(seed: seed, candidates: 3, latency: 400)
    var killedAt: Int?
    var gap: Int?
    simulation.run(seconds: 120) { simulation, time in
      if time >= 40_000, killedAt == nil, let leader = simulation.leader {
        simulation.kill(leader)
        killedAt = time
      }
      if let killedAt, gap == nil, simulation.leader != nil { gap = time - killedAt }
    }
    #expect(simulation.doubles.isEmpty)
    #expect(killedAt != nil)
    #expect((gap ?? .max) <= 30_000)
  }

  @Test("A leader that is cut off stops before another begins", arguments: 1...200)
  func partition(_ seed: UInt64) {
    var simulation = ElectionSimulation(seed: seed, candidates: 3, latency: 1500)
    simulation.run(seconds: 180) { simulation, time in
      if time % 60_000 == 30_000, let leader = simulation.leader {
        simulation.candidates[leader].cutOffUntil = time + 40_000
      }
    }
    #expect(simulation.doubles.isEmpty)
    #expect(simulation.leaders.count > 1)
  }

  @Test("A free lease is claimed, another's is waited out from when it was seen to change")
  func others() {
    var election = LeaderElection(identity: "b")
    #expect(election.action(at: now) == .claim(isNew: true))
    election.observe(lease("a", version: "1"), at: now)
    #expect(election.action(at: now) == .look)
    #expect(election.action(at: now + .seconds(14)) == .look)
    election.observe(lease("a", version: "2"), at: now + .seconds(14))
    #expect(election.action(at: now + .seconds(16)) == .look)
    election.observe(lease("a", version: "2"), at: now + .seconds(29))
    #expect(election.action(at: now + .seconds(29)) == .claim(isNew: true))
    election.observe(lease("", version: "3"), at: now + .seconds(29))
    #expect(election.action(at: now + .seconds(29)) == .claim(isNew: true))
    #expect(!election.leads(at: now))
  }

  @Test("A lease of nonsense is believed for as long as ours")
  func nonsense() {
    for seconds in [nil, 0, -5, Int.max] {
      var election = LeaderElection(identity: "b")
      election.observe(lease("a", version: "1", seconds: seconds), at: now)
      #expect(election.action(at: now + .seconds(14)) == .look)
      #expect(election.action(at: now + .seconds(15)) == .claim(isNew: true))
    }
  }

  @Test("An identity's former life is waited out like anybody else")
  func formerLife() {
    var election = LeaderElection(identity: "a")
    election.observe(lease("a", version: "1"), at: now)
    #expect(election.action(at: now + .seconds(1)) == .look && !election.leads(at: now))
    #expect(election.action(at: now + .seconds(15)) == .claim(isNew: true))
  }

  @Test("A claim whose answer was lost leads from when it was made, once it is seen, and another life's does not")
  func unanswered() {
    var election = LeaderElection(identity: "a")
    var written = lease("a", version: "2")
    written.spec?.renewTime = "2026-11-26T12:00:00.000000Z"
    election.observe(lease(nil, version: "1"), at: now)
    election.missed(written.spec ?? LeaseObject.Spec(), begunAt: now)
    var other = written
    other.spec?.renewTime = "2026-11-26T11:59:58.000000Z"
    election.observe(other, at: now + .seconds(1))
    #expect(!election.leads(at: now + .seconds(1)))
    written.metadata.resourceVersion = "3"
    election.observe(written, at: now + .seconds(4))
    #expect(election.leads(at: now + .seconds(9)) && !election.leads(at: now + .seconds(10)))
    #expect(election.action(at: now + .seconds(4)) == .claim(isNew: false))
  }

  @Test("A leader leads from when it asked, not from when it heard")
  func renewal() {
    var election = LeaderElection(identity: "a")
    election.claimed(lease("a", version: "1"), begunAt: now, at: now + .seconds(3))
    #expect(election.leads(at: now + .seconds(9)) && !election.leads(at: now + .seconds(10)))
    #expect(election.action(at: now + .seconds(5)) == .claim(isNew: false))
    election.observe(lease("b", version: "2"), at: now + .seconds(5))
    #expect(!election.leads(at: now + .seconds(5)))
  }

  @Test("A lease says since when, until when, and how often it changed hands, in words that Kubernetes takes")
  func written() {
    let election = LeaderElection(identity: "b")
    let first = election.claim(over: nil, isNew: true, wallClock: Timestamp(milliseconds: 1_763_829_830_007))
    #expect(first.acquireTime == "2025-11-22T16:43:50.007000Z" && first.leaseTransitions == 0)
    #expect(first.leaseDurationSeconds == 15 && first.holderIdentity == "b")
    var other = lease("a", version: "1")
    other.spec?.leaseTransitions = 4
    other.spec?.acquireTime = "2025-01-01T00:00:00.000000Z"
    #expect(election.claim(over: other, isNew: true, wallClock: Timestamp(seconds: 0)).leaseTransitions == 5)
    let renewal = election.claim(over: other, isNew: false, wallClock: Timestamp(seconds: 0))
    #expect(renewal.acquireTime == other.spec?.acquireTime && renewal.leaseTransitions == 4)
  }
}
