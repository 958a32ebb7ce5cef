import BareMetal
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import Wire

@testable import Kubernetes

@Suite("An API server that fails", .timeLimit(.minutes(1)))
struct FaultTests {
  private func path(_ name: String) throws -> ResourcePath { try #require(ResourcePath(ServerKind.self, named: name)) }

  /// What reading gets, whatever is answered to it.
  private func error(_ reply: ScriptedServer.Reply) async throws -> (KubernetesError?, requests: Int) {
    let server = try await ScriptedServer.start { _, _ in reply }
    let path = try path("a")
    return try await withClient(server) { client in
      let error = await failure { () throws(KubernetesError) in try await client.get(path, as: Server.self) }
      return (error, server.requests.count)
    }
  }

  @Test(
    "Every refusal has a name, and only what may pass is tried again",
    arguments: [
      (401, "Unauthorized", KubernetesError.Reason.unauthorized, 1...1), (403, "Forbidden", .forbidden, 1...1),
      (409, "Conflict", .conflict, 1...1), (409, "AlreadyExists", .alreadyExists, 1...1),
      (410, "Expired", .expired, 1...1), (422, "Invalid", .invalid, 1...1),
      (413, "RequestEntityTooLarge", .invalid, 1...1), (404, "NotFound", .unserved, 1...1),
      // For as long as the caller's patience, here 5 s; or a few times.
      (500, "InternalError", .serverFailure, 5...5), (503, "ServiceUnavailable", .serverFailure, 5...7),
      (429, "TooManyRequests", .throttled, 5...7),
    ])
  func refusals(
    _ status: Int, _ reason: String, _ expected: KubernetesError.Reason, _ requests: ClosedRange<Int>
  ) async throws {
    let (error, made) = try await error(.failure(status, reason))
    #expect(error?.reason == expected && error?.status == UInt(status) && requests.contains(made), "\(made)")
    #expect(error?.message.contains("get servers/a") == true)
  }

  @Test("An object that is not there is nil, and says so only if it is the object that is missing")
  func missing() async throws {
    let (error, _) = try await error(.failure(404, "NotFound", details: #"{"name":"a","kind":"servers"}"#))
    #expect(error == nil)
    let (page, _) = try await self.error(.raw("HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n404 page not found"))
    #expect(page?.reason == .unserved && page?.message.contains("CRDs") == true)
  }

  @Test(
    "Garbage is named as that",
    arguments: [
      ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", KubernetesError.Reason.malformed),
      ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .malformed), ("SSH-2.0-OpenSSH_9.2\r\n\r\n", .malformed),
      ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", .malformed),
    ])
  func garbage(_ bytes: String, _ expected: KubernetesError.Reason) async throws {
    let (error, requests) = try await error(.raw(bytes))
    #expect(error?.reason == expected, "\(error?.message ?? "nothing")")
    #expect(requests == 1)
  }

  @Test("An answer larger than anything can be is not read to its end")
  func huge() async throws {
    let body = String(repeating: " ", count: 200_000)
    let server = try await ScriptedServer.start { _, _ in .json(200, body) }
    let path = try path("a")
    try await withClient(server, { $0.maximumObjectBytes = 100_000 }) { client in
      let error = await failure { () throws(KubernetesError) in try await client.get(path, as: Server.self) }
      #expect(error?.reason == .malformed && error?.message.contains("100000 bytes") == true)
    }
  }

  @Test("A server that hangs is given up on in time, be it before its answer or in the middle of it")
  func hangs() async throws {
    for reply in [ScriptedServer.Reply.silence, .raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", .hang)] {
      let server = try await ScriptedServer.start { _, _ in reply }
      let path = try path("a")
      try await withClient(
        server,
        {
          $0.answerTime = .milliseconds(300)
          $0.patience = .seconds(1)
        }
      ) { client in
        let start = ContinuousClock.now
        let error = await failure { () throws(KubernetesError) in try await client.get(path, as: Server.self) }
        #expect(error?.reason == .noAnswer && error?.mayHaveBeenDone == true)
        #expect(start.duration(to: .now) < .seconds(5))
        #expect(client.contact.failure?.reason == .noAnswer && !client.contact.isReachable)
      }
    }
  }

  @Test("Nobody there: a name for it, and attempts with pauses between them")
  func nobody() async throws {
    let server = try await ScriptedServer.start { _, _ in .hangUp }
    await server.stop()
    let path = try path("a")
    try await withClient(server, { $0.patience = .milliseconds(900) }) { client in
      let start = ContinuousClock.now
      let error = await failure { () throws(KubernetesError) in try await client.get(path, as: Server.self) }
      #expect(error?.reason == .unreachable && error?.mayHaveBeenDone == false)
      #expect(error?.message.contains("refuses connections") == true, "\(error?.message ?? "")")
      #expect(start.duration(to: .now) > .milliseconds(200) && client.requests <= 5)
    }
  }

  @Test("Retry-After is kept to, and then the answer is the answer")
  func throttled() async throws {
    let server = try await ScriptedServer.start { _, number in
      number == 0
        ? .failure(429, "TooManyRequests", headers: "Retry-After: 1\r\n") : .json(200, serverJSON("a", version: 5))
    }
    let path = try path("a")
    try await withClient(server) { client in
      let start = ContinuousClock.now
      let found = try await client.get(path, as: Server.self)
      #expect(found?.metadata.resourceVersion == "5")
      #expect(start.duration(to: .now) >= .seconds(1) && client.requests == 2)
    }
  }

  @Test("A creation is repeated where it certainly was not done, and not where it may have been")
  func creationRepetition() async throws {
    for (reply, expected) in [
      (ScriptedServer.Reply.failure(429, "TooManyRequests"), 5...7), (.hangUp, 1...1),
      (.failure(500, "InternalError"), 1...1),
    ] {
      let server = try await ScriptedServer.start { _, _ in reply }
      try await withClient(server) { client in
        let object = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
        let error = await failure { () throws(KubernetesError) in
          try await client.create(object, in: servers, as: Server.self)
        }
        #expect(expected.contains(server.requests.count))
        #expect(error?.mayHaveBeenDone == (expected == 1...1))
      }
    }
  }

  @Test("A creation whose answer is lost is found, and made once")
  func lostCreation() async throws {
    let server = try await ScriptedServer.start { request, _ in
      if request.method == "POST" { return .hangUp }
      return .json(200, serverJSON("a", version: 7))
    }
    try await withClient(server) { client in
      let store = KubernetesResourceStore(client)
      let created = try await store.create(Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec()))
      #expect(created.metadata.uid == "u-a")
      #expect(server.requests.map(\.method) == ["POST", "GET"])
    }
  }

  @Test("A creation whose answer is lost did not win against somebody else's object")
  func lostCreationRace() async throws {
    let server = try await ScriptedServer.start { request, _ in
      request.method == "POST" ? .hangUp : .json(200, serverJSON("a", version: 7, spec: #"{"accepted":true}"#))
    }
    try await withClient(server) { client in
      let store = KubernetesResourceStore(client)
      await #expect(throws: StoreError.alreadyExists(kind: "Server", name: "a")) {
        try await store.create(Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec()))
      }
    }
  }

  @Test("A creation cut off for longer than a call is finished by the next call, status and all")
  func interruptedCreation() async throws {
    let isAway = Mutex(true)
    let server = try await ScriptedServer.start { request, number in
      if number > 0, isAway.withLock({ $0 }) { return .failure(503, "ServiceUnavailable") }
      switch (request.method, number) {
      case ("POST", 0): return .hangUp
      case ("POST", _): return .failure(409, "AlreadyExists")
      case ("PATCH", _):
        return .json(200, serverJSON("a", version: 8, more: #","status":{"ready":false,"isClean":true}"#))
      default: return .json(200, serverJSON("a", version: 7))
      }
    }
    try await withClient(server, { $0.patience = .milliseconds(600) }) { client in
      let store = KubernetesResourceStore(client)
      var new = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
      new.status.isClean = true
      let given = new
      await #expect {
        try await store.create(given)
      } throws: { error in
        if case .unavailable? = error as? StoreError { true } else { false }
      }
      isAway.withLock { $0 = false }
      let created = try await store.create(given)
      #expect(created.metadata.resourceVersion == "8" && created.status.isClean)
      // It is over: the same again is a second object of that name.
      await #expect(throws: StoreError.alreadyExists(kind: "Server", name: "a")) { try await store.create(given) }
    }
  }

  @Test("An update whose answer is lost is no conflict with itself")
  func lostUpdate() async throws {
    let done = Mutex(0)
    let server = try await ScriptedServer.start { request, _ in
      switch request.method {
      case "PATCH":
        let number = done.withLock { done in
          done += 1
          return done
        }
        return number == 1 ? .hangUp : .failure(409, "Conflict")
      default:
        return done.withLock { $0 } == 0
          ? .json(200, serverJSON("a", version: 7))
          : .json(200, serverJSON("a", version: 8, spec: #"{"accepted":true}"#))
      }
    }
    try await withClient(server) { client in
      let store = KubernetesResourceStore(client)
      var edited = try #require(try await store.get(ServerKind.self, named: "a"))
      edited.spec.accepted = true
      #expect(try await store.update(edited).metadata.resourceVersion == "8")
      #expect(server.requests.map(\.method) == ["GET", "PATCH", "PATCH", "GET"])
    }
  }

  @Test("A change sends what differs and the version it is of, and nothing where nothing differs")
  func smallChange() async throws {
    let server = try await ScriptedServer.start { request, _ in
      request.method == "GET"
        ? .json(200, serverJSON("a", version: 7)) : .json(200, serverJSON("a", version: 8, spec: #"{"accepted":true}"#))
    }
    try await withClient(server) { client in
      let store = KubernetesResourceStore(client)
      let read = try #require(try await store.get(ServerKind.self, named: "a"))
      #expect(try await store.update(read) == read)
      #expect(try await store.updateStatus(read) == read)
      #expect(server.requests.count == 1)
      var edited = read
      edited.spec.accepted = true
      _ = try await store.update(edited)
      #expect(server.requests.last?.body == #"{"metadata":{"resourceVersion":"7"},"spec":{"accepted":true}}"#)
      #expect(server.requests.last?.headers.first(name: "content-type") == "application/merge-patch+json")
    }
  }

  @Test("A number that the cluster would round is refused before it is sent")
  func hugeNumber() async throws {
    let server = try await ScriptedServer.start { _, _ in .hangUp }
    try await withClient(server) { client in
      var new = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
      new.spec.hardware = HardwareInformation(
        storage: StorageInformation(devices: [StorageDevice(type: "SSD", size: .max)]))
      let given = new
      await #expect {
        try await KubernetesResourceStore(client).create(given)
      } throws: { error in
        guard case .invalid(_, _, let message)? = error as? StoreError else { return false }
        return message.contains("spec.hardware.storage.devices[0].size")
      }
      #expect(server.requests.isEmpty)
    }
  }

  @Test("No credential is in any error")
  func noLeak() async throws {
    let token = Secret("s3cr3t-t0ken")
    for reply in [
      ScriptedServer.Reply.failure(401, "Unauthorized"), .hangUp, .raw("nonsense"), .json(200, "{}"),
      .failure(500, "InternalError"),
    ] {
      let server = try await ScriptedServer.start { _, _ in reply }
      let path = try path("a")
      try await withClient(server, credentials: .token(token)) { client in
        let error = await failure { () throws(KubernetesError) in try await client.get(path, as: Server.self) }
        var text = ""
        dump(error, to: &text)
        dump(client.access, to: &text)
        #expect(error != nil && !text.contains("s3cr3t"))
        #expect(server.requests.first?.headers.first(name: "authorization") == "Bearer s3cr3t-t0ken")
      }
    }
  }
}
