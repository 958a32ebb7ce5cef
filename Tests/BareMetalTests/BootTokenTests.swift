import BareMetal
import Testing
import Wire

@Suite("Boot tokens")
struct BootTokenTests {
  static let now = Timestamp(seconds: 1_700_000_000)
  static let here = IPAddress("10.0.0.7")
  static let there = IPAddress("10.0.0.8")

  static var token: BootToken { BootToken(token: Secret("right"), binding: "b1", now: now) }

  @Test(
    "A token is good for its binding, for a day, and for whoever showed it first",
    arguments: [
      ("right", "b1", here, 0, nil, false, .configuration, nil),
      ("wrong", "b1", here, 0, nil, false, .configuration, .wrong),
      ("", "b1", here, 0, nil, false, .configuration, .wrong),
      ("right2", "b1", here, 0, nil, false, .configuration, .wrong),
      ("right", "b2", here, 0, nil, false, .configuration, .otherBinding),
      ("right", "b1", here, BootToken.validSeconds - 1, nil, false, .configuration, nil),
      ("right", "b1", here, BootToken.validSeconds, nil, false, .configuration, .expired),
      ("right", "b1", here, 0, here, false, .configuration, nil),
      ("right", "b1", there, 0, here, false, .configuration, here.map { .otherAddress($0) }),
      ("right", "b1", nil, 0, here, false, .configuration, here.map { .otherAddress($0) }),
      ("right", "b1", here, 0, here, true, .configuration, .spent),
      ("right", "b1", here, 0, here, true, .report, nil),
      ("right", "b1", there, 0, here, true, .report, here.map { .otherAddress($0) }),
    ] as [(String, String, IPAddress?, Int64, IPAddress?, Bool, BootToken.Purpose, BootToken.Refusal?)])
  func check(
    shown: String, binding: String, from: IPAddress?, later: Int64, first: IPAddress?, isSpent: Bool,
    purpose: BootToken.Purpose, refusal: BootToken.Refusal?
  ) {
    var token = Self.token
    token.address = first
    token.isSpent = isSpent
    let now = Timestamp(seconds: Self.now.seconds + later)
    #expect(token.refusal(of: Secret(shown), from: from, for: purpose, binding: binding, now: now) == refusal)
  }

  @Test("What is kept is read back; what is damaged is no token")
  func values() {
    var token = Self.token
    #expect(BootToken(token.values) == token)
    token.address = Self.here
    token.isSpent = true
    #expect(BootToken(token.values) == token)
    for key in ["token", "binding", "expires"] {
      var values = token.values
      values[key] = nil
      #expect(BootToken(values) == nil)
    }
    for (key, value) in [("token", ""), ("expires", "soon"), ("address", "everywhere")] {
      var values = token.values
      values[key] = Secret(value)
      #expect(BootToken(values) == nil, "\(key)")
    }
    #expect(BootToken(nil) == nil)
  }

  @Test("Nothing that is printed of a token shows it")
  func redacted() { #expect(!"\(Self.token)".contains("right")) }

  @Test("Secrets are equal when every byte is, wherever they differ and however")
  func comparison() {
    let text = "aB3dE5gH7jK9"
    #expect(Secret(text) == Secret(text))
    #expect(Secret(text) != Secret(text.lowercased()))
    for index in text.indices {
      for other in "aZ09_" where other != text[index] {
        var changed = text
        changed.replaceSubrange(index...index, with: [other])
        #expect(Secret(changed) != Secret(text))
        #expect(Secret(text) != Secret(changed))
      }
    }
  }
}
