import BareMetal
import Foundation
import Testing
import Wire

@Suite("Outcomes as JSON")
struct BMCOutcomeTests {
  static let answers: [BMCAnswer] = [
    .power(.on), .boot(nil), .boot(BootOverride(.pxe, isPersistent: true, mode: .uefi)),
    .information(BMCInformation(version: "IPMI 2.0")), .done,
    .sensors([SensorReading(name: "CPU", kind: "temperature", value: 41.5, unit: "°C", health: .ok)]),
    .eventLog([EventLogEntry(id: "1", time: Timestamp(seconds: 1), subject: "PSU", message: "lost")]),
    .inventory([InventoryItem(part: "board")]),
    .users([BMCUser(id: 2, name: "admin", isEnabled: true, privilege: "administrator")]),
  ]

  @Test("Every answer reads back", arguments: answers)
  func roundTrip(answer: BMCAnswer) throws {
    let outcome = BMCOutcome(target: "10.0.0.7", result: .success(answer), milliseconds: 3)
    #expect(try JSONDecoder().decode(BMCOutcome.self, from: try JSONEncoder().encode(outcome)) == outcome)
  }

  @Test("It is flat, and a failure has a kind for programs and a message for people")
  func form() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ result: Result<BMCAnswer, BMCFailure>) throws -> String {
      String(decoding: try encoder.encode(BMCOutcome(target: "a", result: result, milliseconds: 3)), as: UTF8.self)
    }
    #expect(try text(.success(.power(.off))) == #"{"milliseconds":3,"power":"off","target":"a"}"#)
    #expect(try text(.success(.boot(nil))) == #"{"boot":null,"milliseconds":3,"target":"a"}"#)
    #expect(
      try text(.failure(BMCFailure(.timedOut, "silent")))
        == #"{"failure":{"kind":"timedOut","message":"silent"},"milliseconds":3,"target":"a"}"#)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(BMCOutcome.self, from: Data(#"{"target":"a","milliseconds":3}"#.utf8))
    }
  }
}
