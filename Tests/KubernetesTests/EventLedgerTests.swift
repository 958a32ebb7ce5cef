import BareMetal
import Testing
import Wire

@testable import Kubernetes

@Suite("What is told of objects")
struct EventLedgerTests {
  private func event(_ message: String, of name: String = "a") -> ObjectEvent {
    ObjectEvent(
      .warning, reason: ObjectEvent.Reason.serverManagement, message: message,
      component: ObjectEvent.Component.serverController,
      subject: ObjectEvent.Subject(apiVersion: "metal.sidero.dev/v1alpha2", kind: "Server", name: name, uid: "u"))
  }

  private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }

  @Test("The same thing again is counted, and told again after a pause")
  func counted() throws {
    var ledger = EventLedger()
    for second in 0..<5 { _ = ledger.record(event("x"), named: "n\(second)", at: time(Int64(second))) }
    var entry = try #require(ledger.next(at: time(5)))
    #expect(entry.count == 5 && entry.name == "n0" && entry.first == time(0) && entry.last == time(4))
    ledger.told(entry, at: time(5))
    #expect(ledger.next(at: time(100)) == nil && !ledger.isUntold)
    _ = ledger.record(event("x"), named: "n", at: time(6))
    #expect(ledger.next(at: time(7)) == nil && ledger.isUntold)
    entry = try #require(ledger.next(at: time(15)))
    #expect(entry.count == 6 && entry.told == 5)
    // After an hour it is a new thing.
    _ = ledger.record(event("x"), named: "later", at: time(6 + EventLedger.memory))
    #expect(ledger.next(at: time(6 + EventLedger.memory))?.name == "later")
  }

  @Test("New things come before repeated ones, in their order")
  func order() {
    var ledger = EventLedger()
    _ = ledger.record(event("old"), named: "old", at: time(0))
    if let entry = ledger.next(at: time(0)) { ledger.told(entry, at: time(0)) }
    _ = ledger.record(event("old"), named: "-", at: time(20))
    _ = ledger.record(event("second"), named: "second", at: time(22))
    _ = ledger.record(event("first"), named: "first", at: time(21))
    var names: [String] = []
    while let entry = ledger.next(at: time(30)) {
      names.append(entry.name)
      ledger.told(entry, at: time(30))
    }
    #expect(names == ["first", "second", "old"])
  }

  @Test("An object that does ever new things does not crowd out the others, and all is bounded")
  func bounded() {
    var ledger = EventLedger()
    var kept = 0
    for number in 0..<100 where ledger.record(event("m\(number)", of: "noisy"), named: "n", at: time(0)) { kept += 1 }
    #expect(kept == EventLedger.perSubject)
    for number in 0..<5000 { _ = ledger.record(event("x", of: "s\(number)"), named: "n", at: time(1)) }
    #expect(ledger.count == EventLedger.capacity)
    // What was told makes room.
    while let entry = ledger.next(at: time(2)) { ledger.told(entry, at: time(2)) }
    var isKept = ledger.record(event("x", of: "new"), named: "n", at: time(3))
    #expect(isKept && ledger.count == EventLedger.capacity)
    isKept = ledger.record(event("other", of: "noisy"), named: "n", at: time(2 * EventLedger.memory))
    #expect(isKept)
  }

  @Test("An Event is in its object's namespace, or in default, and not longer than Kubernetes takes")
  func object() throws {
    var ledger = EventLedger()
    _ = ledger.record(event(String(repeating: "ü", count: 2000)), named: "n", at: time(0))
    let object = EventObject(try #require(ledger.next(at: time(0))), host: "boot-1")
    #expect(object.metadata.namespace == "default" && object.message.utf8.count == 1024)
    #expect(object.source.component == "sidero-controller-manager" && object.source.host == "boot-1")
    #expect(object.firstTimestamp == time(0).description && object.type == "Warning")
  }
}
