import Testing

@testable import BMC

@Suite("Lockout guard")
struct LockoutGuardTests {
  let start = ContinuousClock.now

  @Test("what was never refused may be tried")
  func fresh() {
    let guardian = LockoutGuard<String>()
    #expect(guardian.remainingPause(for: "secret", now: start) == nil)
  }

  @Test("a refused password is not tried again until its pause is over; another one is, at once")
  func refused() {
    var guardian = LockoutGuard<String>()
    guardian.refused("wrong", now: start)
    #expect(guardian.remainingPause(for: "wrong", now: start + .seconds(60)) == .seconds(29 * 60))
    #expect(guardian.remainingPause(for: "right", now: start) == nil)
    #expect(guardian.remainingPause(for: "wrong", now: start + .seconds(30 * 60)) == nil)
  }

  @Test("each refusal doubles the pause, up to a day")
  func doubles() {
    var guardian = LockoutGuard<String>()
    guardian.refused("wrong", now: start)
    guardian.refused("wrong", now: start)
    #expect(guardian.remainingPause(for: "wrong", now: start) == .seconds(3600))
    for _ in 0..<100 { guardian.refused("wrong", now: start) }
    #expect(guardian.remainingPause(for: "wrong", now: start) == .seconds(86400))
  }

  @Test("what is accepted starts anew")
  func accepted() {
    var guardian = LockoutGuard<String>()
    guardian.refused("secret", now: start)
    guardian.accepted("secret")
    #expect(guardian.remainingPause(for: "secret", now: start) == nil)
    guardian.refused("secret", now: start)
    #expect(guardian.remainingPause(for: "secret", now: start) == .seconds(30 * 60))
  }

  @Test("only the latest refusals are remembered")
  func bounded() {
    var guardian = LockoutGuard<Int>()
    for guess in 0..<100 { guardian.refused(guess, now: start) }
    let remembered = (0..<100).filter { guardian.remainingPause(for: $0, now: start) != nil }
    #expect(remembered == Array(92..<100))
  }
}
