import BareMetal
import Testing
import Wire

@testable import Kubernetes

@Suite("Paths, times and retries")
struct ResourcePathTests {
  @Test("Paths are Kubernetes'")
  func paths() {
    #expect(ResourcePath(ServerKind.self, named: "a")?.text == "/apis/metal.sidero.dev/v1alpha2/servers/a")
    var secret = ResourcePath(apiVersion: "v1", plural: "secrets", namespace: "ns", name: "s")
    #expect(secret.text == "/api/v1/namespaces/ns/secrets/s")
    secret.subresource = "status"
    #expect(secret.text == "/api/v1/namespaces/ns/secrets/s/status")
    #expect(secret.collection.text == "/api/v1/namespaces/ns/secrets")
  }

  @Test("Nothing leads out of its segment", arguments: ["..", ".", "../a", "a/b", "a%2fb", "a?b", "a#b", "a b"])
  func segments(_ name: String) {
    #expect(ResourcePath(ServerKind.self, named: name) == nil)
    let text = ResourcePath(apiVersion: "v1", plural: "secrets", name: name).text
    #expect(text.split(separator: "/").count == 4 && !text.contains("..") && !text.contains("?"))
  }

  @Test(
    "Times of RFC 3339 are read in every form",
    arguments: [
      ("2026-11-22T16:43:50Z", 0), ("2026-11-22T16:43:50.5Z", 500), ("2026-11-22T16:43:50.123456Z", 123),
      ("2026-11-22T17:43:50+01:00", 0), ("2026-11-22t16:43:50z", 0), ("2026-11-22T11:13:50.001-05:30", 1),
    ])
  func times(_ text: String, _ milliseconds: Int64) throws {
    let expected = try #require(Timestamp("2026-11-22T16:43:50Z"))
    #expect(Timestamp(rfc3339: text) == Timestamp(milliseconds: expected.milliseconds + milliseconds))
  }

  @Test(
    "Other texts are no times",
    arguments: ["", "2026-11-22", "2026-11-22T16:43:50", "2026-11-22T16:43:50.Z", "2026-11-22T16:43:50+1:00", "x"])
  func noTimes(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

  @Test("Pauses grow, are drawn by chance, and keep to what the server asks and the caller's patience")
  func pauses() {
    var random = SystemRandomNumberGenerator()
    let policy = RetryPolicy(attempts: 10)
    let lost = KubernetesError(.unreachable, "")
    for attempt in 1...9 {
      let whole = min(Duration.seconds(10), .milliseconds(200) * (1 << (attempt - 1)))
      let delay = policy.delay(after: lost, attempt: attempt, .harmless, remaining: .seconds(60), using: &random)
      #expect(delay.map { $0 >= whole / 2 && $0 <= whole } == true)
    }
    #expect(policy.delay(after: lost, attempt: 10, .harmless, remaining: .seconds(60), using: &random) == nil)
    #expect(policy.delay(after: lost, attempt: 5, .harmless, remaining: .seconds(1), using: &random) == nil)
    var throttled = KubernetesError(.throttled, "")
    throttled.retryAfter = .seconds(7)
    #expect(
      policy.delay(after: throttled, attempt: 1, .harmless, remaining: .seconds(60), using: &random) == .seconds(7))
    var uncertain = KubernetesError(.noAnswer, "")
    uncertain.mayHaveBeenDone = true
    #expect(
      policy.delay(after: uncertain, attempt: 1, .ifNothingWasDone, remaining: .seconds(60), using: &random) == nil)
    #expect(policy.delay(after: uncertain, attempt: 1, .harmless, remaining: .seconds(60), using: &random) != nil)
  }
}
