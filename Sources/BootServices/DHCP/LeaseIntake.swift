public import BareMetal
import DHCP
import Synchronization
import Wire

/// Brings leases of other servers to the link's thread, where the leases are, and what became of them back.
public final class LeaseIntake: Sendable {
  /// Leases that are on their way at one time: a quarter of what may wait for the disk, so that clients are not kept out.
  public static let batch = DHCPEndpoint.waitingLimit / 4

  private struct State {
    var orders: [AdoptionOrder] = []
    /// `nil` while the link is not open.
    var wake: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  public init() {}

  /// Has the link's thread take leases over, at most ``batch``; an outcome each, when they are durable.
  func adopt(_ leases: [DHCPLease]) async -> [LeaseAdoption] {
    await withCheckedContinuation { continuation in
      let order = AdoptionOrder(leases) { continuation.resume(returning: $0) }
      let wake = state.withLock { state -> (@Sendable () -> Void)? in
        if state.wake != nil { state.orders.append(order) }
        return state.wake
      }
      if let wake { wake() } else { order.refuseAll("its interface is not served at the moment") }
    }
  }

  /// The link is open: `wake` has its handler take a turn.
  func open(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

  /// The link is closed; what was not done is not going to be.
  func close() {
    let orders = state.withLock { state in
      state.wake = nil
      defer { state.orders = [] }
      return state.orders
    }
    for order in orders { order.refuseAll("its interface is not served at the moment") }
  }

  /// What is to be done, once.
  func takeOrders() -> [AdoptionOrder] {
    state.withLock { state in
      defer { state.orders = [] }
      return state.orders
    }
  }
}

/// Leases to take over, and what became of each so far.
final class AdoptionOrder: Sendable {
  private struct State {
    var outcomes: [String?]
    /// How many are not known yet.
    var open: Int
  }

  let leases: [DHCPLease]
  private let state: Mutex<State>
  private let finished: @Sendable ([LeaseAdoption]) -> Void

  init(_ leases: [DHCPLease], finished: @escaping @Sendable ([LeaseAdoption]) -> Void) {
    self.leases = leases
    self.finished = finished
    state = Mutex(State(outcomes: leases.map { _ in nil }, open: leases.count))
    if leases.isEmpty { finished([]) }
  }

  /// What became of one; the last of them ends the order.
  func settle(_ index: Int, refusal: String?) {
    let outcomes = state.withLock { state -> [String?]? in
      state.outcomes[index] = refusal
      state.open -= 1
      return state.open == 0 ? state.outcomes : nil
    }
    guard let outcomes else { return }
    finished(zip(leases, outcomes).map { LeaseAdoption(address: $0.address, refusal: $1) })
  }

  func refuseAll(_ why: String) {
    for index in leases.indices { settle(index, refusal: why) }
  }

  deinit {
    // The link's thread ended between taking it on and the disk's answer.
    let (open, outcomes) = state.withLock { ($0.open, $0.outcomes) }
    guard open > 0 else { return }
    finished(
      zip(leases, outcomes).map {
        LeaseAdoption(address: $0.address, refusal: $1 ?? "the interface was lost meanwhile")
      })
  }
}

/// Takes leases over in all the networks of this host.
public struct LeaseAdoptions: LeaseAdopter {
  /// A network, and who keeps its leases.
  private struct Place: Sendable {
    var subnet: IPv4Prefix
    var intake: LeaseIntake
  }

  private let places: [Place]

  /// - Parameter interfaces: as they are served, each with the intake that its service was given.
  public init(_ interfaces: [(configuration: DHCPServiceConfiguration, intake: LeaseIntake)]) {
    places = interfaces.flatMap { interface in
      ([interface.configuration.mode] + interface.configuration.relayed.map(\.mode)).compactMap { mode in
        guard case .server(let server) = mode else { return nil }
        return Place(subnet: server.subnet, intake: interface.intake)
      }
    }
  }

  public func adopt(_ leases: [Lease]) async -> [LeaseAdoption] {
    var outcomes = leases.map {
      LeaseAdoption(address: $0.address, refusal: LeaseRefusal.notServed.description)
    }
    for place in places {
      let indices = leases.indices.filter { place.subnet.contains(leases[$0].address) }
      var start = 0
      while start < indices.count {
        let part = indices[start..<min(start + LeaseIntake.batch, indices.count)]
        let told = await place.intake.adopt(part.map { DHCPLease(leases[$0]) })
        for (index, outcome) in zip(part, told) { outcomes[index] = outcome }
        start += LeaseIntake.batch
      }
    }
    return outcomes
  }
}
