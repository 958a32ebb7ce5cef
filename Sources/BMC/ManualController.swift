import BareMetal

/// A machine that is switched by hand.
struct ManualController: PowerController {
  let reason: String

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    throw BMCFailure(.manual, "this machine is switched by hand: \(reason)")
  }
}
