import BareMetal
import Synchronization
import Wire

/// The machine's management controller, and who asks it: as ServerOperator does, with faults.
final class SimulatedSwitch: ServerSwitch {
  struct Faults {
    var explicit = 0.0
    /// Says that it was done, and it was not; a power cycle only, as anything else is looked at.
    var silent = 0.0
    var isDead = false
  }

  private enum Luck { case good, explicit, silent }

  private struct Dice {
    var faults: Faults
    var random: SeededGenerator

    mutating func roll() -> Luck {
      let number = Double.random(in: 0..<1, using: &random)
      if faults.isDead || number < faults.explicit { return .explicit }
      return number < faults.explicit + faults.silent ? .silent : .good
    }
  }

  private let machine: SimulatedMachine
  private let store: DaemonStore
  private let dice: Mutex<Dice>
  private let asked = Mutex<[String]>([])

  init(_ machine: SimulatedMachine, store: DaemonStore, faults: Faults = Faults(), seed: UInt64 = 0) {
    self.machine = machine
    self.store = store
    dice = Mutex(Dice(faults: faults, random: SeededGenerator(seed: seed)))
  }

  var requests: [String] { asked.withLock { $0 } }

  func perform(_ request: BMCRequest, on name: String, force: Bool, by: String, noting: Bool) async -> BMCOutcome {
    await BMCOutcome.of(name, clock: ContinuousClock()) { () async throws(BMCFailure) in
      guard !store.fuse.isBlown else { throw BMCFailure(.cancelled, "crashed") }
      let server: Server?
      do { server = try await store.get(ServerKind.self, named: name) } catch { throw BMCFailure(.busy, "\(error)") }
      guard let server else { throw BMCFailure(.misconfigured, "no Server") }
      if let refusal = server.refusal(of: request) { throw refusal }
      asked.withLock { $0.append(request.change ?? "ask") }
      let luck = dice.withLock { $0.roll() }
      if luck == .explicit {
        let failure = BMCFailure(.timedOut, "no answer")
        if noting { await observe(.failure(failure), name) }
        throw failure
      }
      let answer = act(request, isSilent: luck == .silent)
      store.fuse.burn()
      guard !store.fuse.isBlown else { throw BMCFailure(.uncertain, "crashed") }
      if noting { await observe(.success(answer), name) }
      return answer
    }
  }

  private func act(_ request: BMCRequest, isSilent: Bool) -> BMCAnswer {
    switch request {
    case .power(.on, _): machine.switchOn()
    case .power(.off, _): machine.switchOff()
    case .power(.cycle, _): if !isSilent { machine.cycle() }
    case .setBoot:
      machine.edit { $0.pxeOnce = true }
      return .done
    default: break
    }
    return .power(machine.now.isOn ? .on : .off)
  }

  private func observe(_ result: Result<BMCAnswer, BMCFailure>, _ name: String) async {
    for _ in 0..<8 {
      guard var server = try? await store.get(ServerKind.self, named: name),
        server.status.observe(result, at: machine.clock.now)
      else { return }
      if (try? await store.updateStatus(server)) != nil { return }
    }
  }
}
