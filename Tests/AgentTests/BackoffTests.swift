import Testing

@testable import siderite_agent

@Suite("The agent's patience")
struct BackoffTests {
  @Test("Pauses double up to half a minute and are never less than half of that")
  func pauses() {
    var random = SystemRandomNumberGenerator()
    var backoff = Backoff()
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
      let pause = backoff.pause(using: &random)
      #expect(pause <= .seconds(seconds))
      #expect(pause >= .milliseconds(500 * seconds))
    }
  }
}
