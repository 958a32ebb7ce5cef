import ArgumentParser
import BareMetal
import Testing

@testable import siderite

@Suite("Power on the command line")
struct TargetTests {
  private func parsed(_ arguments: String) -> (any ParsableCommand)? {
    try? Siderite.parseAsRoot(arguments.split(separator: " ").map { String($0) })
  }

  @Test(
    "What can be said",
    arguments: [
      "power status --all", "power on a b c", "power cycle --selector rack=3 --force --no-wait -o json",
      "power off --host 10.0.0.[1-9] --host x:623 --user a --password-file f --cipher-suite 17 --cipher-suite 3",
      "power status --host h --interface redfish", "bootdev pxe --persistent --uefi x", "bootdev show --all",
      "bmc info x", "bmc sel --clear x", "bmc identify --seconds 0 x", "bmc set x --endpoint 10.0.0.7 --user a",
      "bmc set x --endpoint 52:54:00:12:34:56 --interface wol --no-verify", "bmc unset x", "console x --record f",
      "console --host h --user a --escape none",
    ])
  func good(arguments: String) {
    #expect(parsed(arguments) != nil)
  }

  @Test(
    "What cannot",
    arguments: [
      "power", "power status", "power maybe --all", "power on --all x", "power on --all --selector a=b",
      "power on x --host h", "power on x --user a", "power on --all --interface lan", "power on x --concurrency 0",
      "power on x --password secret", "bootdev pxe --uefi --bios x", "bootdev show --persistent x", "bmc set x",
      "console", "console x --host h", "console x --escape ab", "bmc identify --seconds 256 x", "bmc blink x",
    ])
  func bad(arguments: String) {
    #expect(parsed(arguments) == nil)
  }

  @Test("Hosts become ways of management, with what was said about all of them")
  func methods() throws {
    let command = try #require(
      parsed("power status --host 10.0.0.[7-8]:6230 --allow-unauthenticated --cipher-suite 17 --cipher-suite 3")
        as? PowerCommand)
    let methods = try command.targets.hosts.methods()
    #expect(methods.map(\.target) == ["10.0.0.7:6230", "10.0.0.8:6230"])
    guard case .ipmi(let access) = methods[1].method else {
      Issue.record("not IPMI")
      return
    }
    #expect(access.host == "10.0.0.8" && access.port == 6230)
    #expect(access.cipherSuites == [17, 3] && access.allowsUnauthenticated)
  }

  @Test("The exit code says whether all, some or none went well")
  func exitCodes() {
    #expect(OutcomeReport.exitCode(succeeded: 3, of: 3) == nil)
    #expect(OutcomeReport.exitCode(succeeded: 2, of: 3) == ExitCode(1))
    #expect(OutcomeReport.exitCode(succeeded: 0, of: 3) == ExitCode(2))
  }

  @Test("Failures are grouped by kind, then by what was said")
  func summary() {
    let outcomes =
      (1...7).map { outcome("10.0.0.\($0)", .failure(BMCFailure(.unreachable, "no answer"))) }
      + [outcome("b", .failure(BMCFailure(.wrongPassword, "wrong"))), outcome("c", .success(.power(.on)))]
    #expect(
      OutcomeReport.summary(of: outcomes) == [
        "8 of 9 failed", "unreachable, 7:",
        "  10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 2 more: no answer", "wrongPassword, 1:", "  b: wrong",
      ])
    #expect(OutcomeReport.summary(of: [outcomes[7]]) == ["b: wrong"])
    #expect(OutcomeReport.summary(of: [outcomes[8]]).isEmpty)
  }

  @Test("Tables name the machine where there are several, and what failed where it is one word")
  func tables() {
    let outcomes = [outcome("a", .success(.power(.on))), outcome("b", .failure(BMCFailure(.busy, "x")))]
    #expect(
      AnswerText.text(outcomes, request: .powerStatus, isOne: false)
        == "TARGET  POWER\na       on\nb       failed (busy)\n")
    for (action, text) in [(PowerAction.cycle, "cycled"), (.reset, "reset"), (.off, "unknown")] {
      #expect(
        AnswerText.text([outcome("a", .success(.power(.unknown)))], request: .power(action, waits: true), isOne: false)
          == "TARGET  POWER\na       \(text)\n")
    }
    let sensors = BMCAnswer.sensors([
      SensorReading(name: "CPU\u{1b}", kind: "temperature", value: 41.50049, unit: "°C", health: .ok)
    ])
    #expect(
      AnswerText.text([outcome("a", .success(sensors))], request: .sensors, isOne: true)
        == "SENSOR  KIND         READING  UNIT  HEALTH\nCPU     temperature  41.5     °C    ok\n")
    #expect(
      AnswerText.number(.infinity) == "inf" && AnswerText.number(12) == "12" && AnswerText.number(1e300) == "1e+300")
    var information = BMCInformation(version: "IPMI 2.0")
    information.firmware = "2.1"
    #expect(
      AnswerText.text([outcome("a", .success(.information(information)))], request: .information, isOne: true)
        == "Version:         IPMI 2.0\nFirmware:        2.1\n")
  }

  private func outcome(_ target: String, _ result: Result<BMCAnswer, BMCFailure>) -> BMCOutcome {
    BMCOutcome(target: target, result: result, milliseconds: 1)
  }
}
