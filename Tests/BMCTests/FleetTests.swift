import BMC
import BareMetal
import Logging
import Testing

@Suite("Fleet")
struct FleetTests {
  @Test("a machine that is switched by hand says so")
  func manual() async throws {
    let fleet = try await BMCFleet(logger: Logger(label: "test"))
    await #expect(throws: BMCFailure.self) {
      _ = try await fleet.controller(for: .manual(reason: "no BMC")).powerState()
    }
    await fleet.close()
  }
}
