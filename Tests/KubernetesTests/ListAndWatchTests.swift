import BareMetal
import Synchronization
import Testing
import Wire

@testable import Kubernetes

@Suite("Lists and watches of an API server that fails", .timeLimit(.minutes(1)))
struct ListAndWatchTests {
  private func page(_ names: [String], version: Int = 9, next: String? = nil) -> ScriptedServer.Reply {
    let items = names.map { serverJSON($0, version: 1) }.joined(separator: ",")
    let token = next.map { #","continue":"\#($0)""# } ?? ""
    return .json(
      200, #"{"kind":"ServerList","metadata":{"resourceVersion":"\#(version)"\#(token)},"items":[\#(items)]}"#)
  }

  private func event(_ type: String, _ object: String) -> String { #"{"type":"\#(type)","object":\#(object)}"# + "\n" }

  @Test("Pages make one list")
  func pages() async throws {
    let server = try await ScriptedServer.start { request, _ in
      request.uri.contains("continue=two") ? self.page(["c"]) : self.page(["a", "b"], next: "two")
    }
    try await withClient(server) { client in
      let list = try await KubernetesResourceStore(client).list(ServerKind.self)
      #expect(list.items.map(\.metadata.name) == ["a", "b", "c"] && list.resourceVersion == "9")
      #expect(server.requests.allSatisfy { $0.uri.contains("limit=250") })
    }
  }

  @Test("A list that expires between its pages is begun anew, and asked for at once where that goes on")
  func expiredPage() async throws {
    let server = try await ScriptedServer.start { request, _ in
      if !request.uri.contains("limit") { return self.page(["a", "b", "c"]) }
      return request.uri.contains("continue") ? .failure(410, "Expired") : self.page(["a", "b"], next: "two")
    }
    try await withClient(server) { client in
      let list = try await KubernetesResourceStore(client).list(ServerKind.self)
      #expect(list.items.count == 3)
      #expect(server.requests.count == 7 && server.requests.last?.uri.contains("limit") == false)
    }
  }

  @Test("A server that gives one page for ever is not listed for ever")
  func endlessPages() async throws {
    let server = try await ScriptedServer.start { _, _ in self.page(["a"], next: "again") }
    try await withClient(server) { client in
      let error = await failure { () throws(KubernetesError) in try await client.list(servers, as: Server.self) }
      #expect(error?.reason == .malformed && server.requests.count == 2)
    }
  }

  @Test("An object edited into nonsense is told of once, and the others are read")
  func unreadable() async throws {
    let broken = serverJSON("b", version: 3, spec: #"{"accepted":"maybe"}"#)
    let server = try await ScriptedServer.start { request, _ in
      if request.path.hasSuffix("/b") { return .json(200, broken) }
      if request.uri.contains("watch") {
        let later = serverJSON("c", version: 12)
        return .stream([self.event("MODIFIED", broken), self.event("ADDED", later)], .hang)
      }
      return .json(
        200,
        #"{"kind":"ServerList","metadata":{"resourceVersion":"9"},"items":[\#(serverJSON("a", version: 1)),\#(broken)]}"#
      )
    }
    let recorder = Recorder()
    try await withClient(server) { client in
      let store = KubernetesResourceStore(client, events: recorder)
      let list = try await store.list(ServerKind.self)
      #expect(list.items.map(\.metadata.name) == ["a"] && list.unreadable == ["b"])
      await #expect {
        try await store.get(ServerKind.self, named: "b")
      } throws: { error in
        guard case .invalid(_, "b", let message)? = error as? StoreError else { return false }
        return message.contains("spec.accepted")
      }
      var events = try await store.watch(ServerKind.self, after: "9").makeAsyncIterator()
      guard case .added(let object)? = await events.next() else {
        Issue.record("the watch did not go on")
        return
      }
      #expect(object.metadata.name == "c")
    }
    #expect(recorder.events.map(\.reason) == ["Unreadable"])
    #expect(recorder.events.first?.subject.uid == "u-b")
  }

  @Test("An object that cannot be read and is deleted is gone: the watch says to list again")
  func unreadableDeletion() async throws {
    let broken = serverJSON("b", version: 12, spec: #"{"accepted":"maybe"}"#)
    let server = try await ScriptedServer.start { _, _ in .stream([self.event("DELETED", broken)], .hang) }
    try await withClient(server) { client in
      var events = try await KubernetesResourceStore(client).watch(ServerKind.self, after: "9").makeAsyncIterator()
      #expect(await events.next() == .reset)
      #expect(await events.next() == nil)
    }
  }

  @Test("What cannot be read gets a condition, once, beside those that it has; what can be read again loses it")
  func mark() async throws {
    let broken = #"{"accepted":"maybe"}"#
    let conditions = Mutex(#"[{"type":"PowerCycle","status":"True","lastTransitionTime":"2026-11-26T12:00:00Z"}]"#)
    let spec = Mutex(broken)
    let server = try await ScriptedServer.start { request, _ in
      let object = serverJSON(
        "b", version: 3, spec: spec.withLock { $0 }, more: #","status":{"conditions":\#(conditions.withLock { $0 })}"#)
      switch (request.method, request.path.split(separator: "/").last) {
      case ("PATCH", "status"):
        let patch = (try? JSONValue(parsing: request.body))?.fields["status"]?.fields["conditions"]
        conditions.withLock { $0 = patch?.jsonText ?? "null" }
        return .json(200, object)
      case ("POST", _), ("PATCH", _): return .json(201, serverJSON("event", version: 1))
      case (_, "b"): return .json(200, object)
      default:
        return .json(200, #"{"kind":"ServerList","metadata":{"resourceVersion":"9"},"items":[\#(object)]}"#)
      }
    }
    try await withClient(server) { client in
      let events = KubernetesEvents(
        client, host: "boot-1", logger: client.logger, now: { Timestamp(seconds: 1_800_000_000) })
      let running = Task { try await events.run() }
      let store = KubernetesResourceStore(client, events: events)
      #expect(try await store.list(ServerKind.self).unreadable == ["b"])
      func types() throws -> [String?] {
        guard case .array(let list) = try JSONValue(parsing: conditions.withLock { $0 }) else { return [] }
        return list.map { $0.fields["type"]?.text }
      }
      while try types().count < 2 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(try types() == ["PowerCycle", "Readable"])
      #expect(conditions.withLock { $0 }.contains("spec.accepted"))
      // Told already, by this host or by another one.
      _ = try await store.list(ServerKind.self)
      _ = try await KubernetesResourceStore(client, events: events).list(ServerKind.self)
      spec.withLock { $0 = #"{"accepted":true}"# }
      #expect(try await store.list(ServerKind.self).items.first?.status.isMarkedUnreadable == true)
      while try types().count > 1 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(try types() == ["PowerCycle"])
      #expect(server.requests.filter { $0.path.hasSuffix("/status") }.count == 2)
      running.cancel()
      _ = await running.result
    }
  }

  @Test("A watch goes on where it was after an end, a cut in the middle of a line, and silence")
  func resumed() async throws {
    let server = try await ScriptedServer.start { request, number in
      switch number {
      case 0: return .stream([self.event("ADDED", serverJSON("a", version: 10))], .keep)
      case 1:
        let line = self.event("ADDED", serverJSON("b", version: 11))
        return .stream([line, String(self.event("ADDED", serverJSON("c", version: 12)).prefix(40))], .close)
      case 2: return .stream([self.event("BOOKMARK", #"{"metadata":{"resourceVersion":"15"}}"#)], .hang)
      default: return .stream([self.event("ADDED", serverJSON("c", version: 16))], .hang)
      }
    }
    try await withClient(server, { $0.watchSilence = .milliseconds(500) }) { client in
      let watch = try await client.watch(servers, after: "9", as: Server.self)
      var names: [String] = []
      for _ in 0..<3 {
        guard case .added(let object)? = await watch.next() else { break }
        names.append(object.metadata.name)
      }
      #expect(names == ["a", "b", "c"])
      let positions = server.requests.map { request in
        request.uri.split(separator: "&").first { $0.hasPrefix("resourceVersion=") }.map { String($0) }
      }
      #expect(positions == [9, 10, 11, 15].map { "resourceVersion=\($0)" })
    }
  }

  @Test("An object of many chunks is one event, and many events in one chunk are many")
  func framing() async throws {
    let large = self.event(
      "ADDED",
      serverJSON("a", version: 10, spec: #"{"accepted":false,"hostname":"\#(String(repeating: "x", count: 300_000))"}"#)
    )
    let pieces = stride(from: 0, to: large.utf8.count, by: 7919).map { start in
      String(decoding: Array(large.utf8)[start..<min(start + 7919, large.utf8.count)], as: UTF8.self)
    }
    let many = (11...60).map { event("MODIFIED", serverJSON("a", version: $0)) }.joined()
    let server = try await ScriptedServer.start { _, _ in .stream(pieces + [many], .hang) }
    try await withClient(server) { client in
      let watch = try await client.watch(servers, after: "9", as: Server.self)
      guard case .added(let object)? = await watch.next() else {
        Issue.record("no event")
        return
      }
      #expect(object.spec.hostname?.count == 300_000)
      for version in 11...60 {
        guard case .modified(let object)? = await watch.next() else {
          Issue.record("no event \(version)")
          return
        }
        #expect(object.metadata.resourceVersion == String(version))
      }
    }
  }

  @Test("Lost changes are a reset: 410 at the beginning, and as an event")
  func reset() async throws {
    let expired = #"{"kind":"Status","status":"Failure","reason":"Expired","message":"too old","code":410}"#
    for reply in [ScriptedServer.Reply.failure(410, "Expired"), .stream([event("ERROR", expired)], .keep)] {
      let server = try await ScriptedServer.start { _, _ in reply }
      try await withClient(server) { client in
        let store = KubernetesResourceStore(client)
        var events = try await store.watch(ServerKind.self, after: "1").makeAsyncIterator()
        #expect(await events.next() == .reset)
        #expect(await events.next() == nil)
      }
    }
  }

  @Test("What cannot be watched at all says so at once")
  func refused() async throws {
    let server = try await ScriptedServer.start { _, _ in .failure(403, "Forbidden") }
    try await withClient(server) { client in
      await #expect {
        _ = try await KubernetesResourceStore(client).watch(ServerKind.self, after: "1")
      } throws: { error in
        guard case .unavailable(let message)? = error as? StoreError else { return false }
        return message.contains("do not allow")
      }
    }
  }

  @Test("A server that ends every watch at once, or answers garbage, is not asked in a hot loop")
  func noHotLoop() async throws {
    for reply in [
      ScriptedServer.Reply.stream([], .keep), .hangUp, .failure(500, "InternalError"), .raw("nonsense"),
    ] {
      let isFirst = Mutex(true)
      let server = try await ScriptedServer.start { _, _ in
        isFirst.withLock { first in
          defer { first = false }
          return first
        } ? .stream([], .keep) : reply
      }
      try await withClient(server) { client in
        let watch = try await client.watch(servers, after: "9", as: Server.self)
        await withTaskGroup(of: Void.self) { group in
          group.addTask { _ = await watch.next() }
          group.addTask { try? await Task.sleep(for: .seconds(2)) }
          await group.next()
          group.cancelAll()
        }
        #expect((2...8).contains(server.requests.count), "\(server.requests.count)")
      }
    }
  }

  @Test("A server that is asked too often is asked again when it says")
  func throttledWatch() async throws {
    let server = try await ScriptedServer.start { _, number in
      switch number {
      case 0: .stream([], .keep)
      case 1: .failure(429, "TooManyRequests", headers: "Retry-After: 2\r\n")
      default: .stream([self.event("ADDED", serverJSON("a", version: 10))], .hang)
      }
    }
    try await withClient(server) { client in
      let start = ContinuousClock.now
      let watch = try await client.watch(servers, after: "9", as: Server.self)
      guard case .added? = await watch.next() else {
        Issue.record("the watch did not go on")
        return
      }
      #expect(start.duration(to: .now) >= .seconds(2) && server.requests.count == 3)
    }
  }

  @Test("A kind that nothing happens to is looked at as often after an hour as in the beginning")
  func idle() async throws {
    let server = try await ScriptedServer.start { _, number in
      number < 7 ? .stream([], .hang) : .stream([self.event("ADDED", serverJSON("a", version: 10))], .hang)
    }
    try await withClient(server, { $0.watchSilence = .milliseconds(300) }) { client in
      let start = ContinuousClock.now
      let watch = try await client.watch(servers, after: "9", as: Server.self)
      _ = await watch.next()
      // Seven silences and pauses; pauses that grew would take 8 s at least.
      #expect(server.requests.count == 8 && start.duration(to: .now) < .seconds(7))
    }
  }

  @Test("Where only garbage comes from one place, the watch says to list again")
  func garbageForEver() async throws {
    let server = try await ScriptedServer.start { _, _ in .stream(["{\"type\":\"ADDED\"\n"], .keep) }
    try await withClient(server) { client in
      let watch = try await client.watch(servers, after: "9", as: Server.self)
      guard case .reset? = await watch.next() else {
        Issue.record("no reset")
        return
      }
    }
  }
}

/// Keeps what is recorded.
final class Recorder: EventRecorder {
  private let recorded = Mutex<[ObjectEvent]>([])

  var events: [ObjectEvent] { recorded.withLock { $0 } }

  func record(_ event: ObjectEvent) { recorded.withLock { $0.append(event) } }
}
