import BareMetal
import IPMI
import NIOCore

/// Commands to a BMC while it is somebody's turn: what procedures of several commands are given.
struct IPMITurn: IPMIRequester {
  let loop: any EventLoop
  let turn: NIOLoopBound<BMCTurn>

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    guard let reply = try await run(.ask(request)) else { throw .transport("no answer") }
    return reply
  }

  func fence() async throws(IPMIFailure) { _ = try await run(.fence) }

  func pause(for duration: Duration) async throws(IPMIFailure) { _ = try await run(.pause(until: .now + duration)) }

  var now: ContinuousClock.Instant { .now }

  func connect() async throws(IPMIFailure) {
    if turn.value.owner.isDoubtful {
      _ = try await perform(IPMIRequest(GetDeviceID()))
    } else {
      _ = try await run(.connect)
    }
  }

  /// What the session is protected with; `nil`: IPMI 1.5.
  var cipherSuite: CipherSuite? { turn.value.owner.cipherSuite }

  private func run(_ step: BMCOwner.Step) async throws(IPMIFailure) -> IPMIReply? {
    let outcome: BMCOwner.Outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // On the loop, where tasks run that have a turn.
        let turn = turn.value
        if Task.isCancelled {
          turn.explanation = BMCFailure(.cancelled, "\(turn.owner.name): given up")
          continuation.resume(returning: .failure(.transport("given up")))
        } else {
          turn.owner.begin(step, of: turn, continuation)
        }
      }
    } onCancel: {
      loop.execute { turn.value.owner.cancel(turn.value) }
    }
    return try outcome.get()
  }
}
