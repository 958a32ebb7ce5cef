import Testing

@testable import IPMI

@Suite struct ActivationTests {
  @Test("a BMC that speaks 1.5 and is silent about a wrong password is shown it twice, and then given up")
  func silence() throws {
    var talk = Conversation(
      .test { $0.password = KeyMaterial(password: "guess") }, .test { $0.supportsVersion20 = false })
    talk.login()
    #expect(talk.failure == .timedOut(during: .activating))
    #expect(talk.bmc.counters.wrongPasswords == 2)
  }

  @Test("one Activate Session, or its answer, may be lost")
  func loss() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      var talk = Conversation(.test(), .test { $0.supportsVersion20 = false }, seed: seed)
      talk.network.loss = 0.02
      talk.login()
      #expect(talk.isEstablished, "seed \(seed)")
    }
  }
}

@Suite struct SensorTextTests {
  @Test("units by table 43-15")
  func units() {
    let units: [UInt8: String] = [1: "°C", 4: "V", 6: "W", 14: "kPa", 17: "CFM", 18: "RPM", 19: "Hz", 22: "s", 25: "d"]
    for (code, sign) in units { #expect(SensorText.unit(code) == sign) }
    #expect(SensorText.unit(17, isPercentage: true) == "%")
  }

  @Test("states by table 42-3")
  func states() {
    let states: [(UInt8, Int, String?)] = [
      (0x06, 5, "wrong out-of-band password"), (0x1d, 4, "automatic boot to diagnostics"),
      (0x1d, 5, "hard reset by software"), (0x1e, 1, "disk not bootable"), (0x1f, 8, "installation completed"),
      (0x22, 13, nil), (0x22, 14, "unknown"), (0x23, 8, "pre-timeout interrupt"),
      (0x28, 1, "controller access degraded"), (0x28, 3, "controller unavailable"), (0x2c, 7, "communication lost"),
    ]
    for (type, offset, word) in states {
      #expect(SensorText.state(offset, readingType: 0x6f, sensorType: type) == word)
    }
  }

  @Test("bits 6 and 7 of a threshold sensor's comparison are reserved; a discrete sensor's are states")
  func reservedBits() throws {
    let answer = try GetSensorReading(sensor: 1).parse([0x20, 0xc0, 0xc8].span)
    #expect(answer.thresholds == 0x08)
    #expect(answer.states == 0xc8)
  }
}
