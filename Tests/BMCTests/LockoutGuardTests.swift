import Testing
import Wire

@testable import BMC

@Suite("Lockout guard")
struct LockoutGuardTests {
  let start = ContinuousClock.now

  /// How long `proof` must not be tried yet.
  private func pause<Proof>(_ proof: Proof, _ guardian: LockoutGuard<Proof>, after seconds: Int = 0) -> Duration? {
    let now = start + .seconds(seconds)
    return guardian.refusal(of: proof, at: now).map { now.duration(to: $0.until) }
  }

  @Test("what was never refused may be tried")
  func fresh() {
    let guardian = LockoutGuard<String>()
    #expect(pause("secret", guardian) == nil)
  }

  @Test("a refused password is not tried again until its pause is over; another one is, at once")
  func refused() {
    var guardian = LockoutGuard<String>()
    guardian.refused("wrong", reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    #expect(pause("wrong", guardian, after: 60) == .seconds(29 * 60))
    #expect(pause("right", guardian) == nil)
    #expect(pause("wrong", guardian, after: 30 * 60) == nil)
  }

  @Test("each refusal doubles the pause, up to a day")
  func doubles() {
    var guardian = LockoutGuard<String>()
    guardian.refused("wrong", reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    guardian.refused("wrong", reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    #expect(pause("wrong", guardian) == .seconds(3600))
    for _ in 0..<100 {
      guardian.refused("wrong", reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    }
    #expect(pause("wrong", guardian) == .seconds(86400))
  }

  @Test("what is accepted starts anew")
  func accepted() {
    var guardian = LockoutGuard<String>()
    guardian.refused("secret", reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    guardian.accepted("secret")
    #expect(pause("secret", guardian) == nil)
    guardian.refused("secret", reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    #expect(pause("secret", guardian) == .seconds(30 * 60))
  }

  @Test("only the latest refusals are remembered")
  func bounded() {
    var guardian = LockoutGuard<Int>()
    for guess in 0..<100 {
      guardian.refused(guess, reason: "wrong password", at: start, wallClock: Timestamp(milliseconds: 0))
    }
    let remembered = (0..<100).filter { pause($0, guardian) != nil }
    #expect(remembered == Array(92..<100))
  }

  @Test("silence counts as a refusal the second time")
  func suspicion() {
    var guardian = LockoutGuard<String>()
    let epoch = Timestamp(milliseconds: 0)
    let first = guardian.suspected("secret", reason: "silence", at: start, wallClock: epoch)
    #expect(first == nil)
    #expect(pause("secret", guardian) == nil)
    let second = guardian.suspected("secret", reason: "silence", at: start, wallClock: epoch)
    #expect(second != nil)
    #expect(pause("secret", guardian) == LockoutGuard<String>.usualPause)
  }
}
