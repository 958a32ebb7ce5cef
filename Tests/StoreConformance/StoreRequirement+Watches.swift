import BareMetal
import Testing

extension StoreRequirement {
  static let watches = [
    StoreRequirement("A watch from a list sees every later change once, in order") { store throws in
      _ = try await store.create(.example("before"))
      let list = try await store.list(ServerKind.self)
      // Half of the changes before the watch begins, half after.
      let a = try await store.create(.example("a"))
      var edited = a
      edited.spec.hostname = "edited"
      let updated = try await store.update(edited)
      var events = try await store.watch(ServerKind.self, after: list.resourceVersion).makeAsyncIterator()
      edited = updated
      edited.status.ready = true
      let ready = try await store.updateStatus(edited)
      let deleted = try await store.delete(ServerKind.self, named: "a", version: nil)
      let b = try await store.create(.example("b"))
      #expect(await events.next() == .added(a))
      #expect(await events.next() == .modified(updated))
      #expect(await events.next() == .modified(ready))
      guard case .deleted(let gone) = await events.next() else {
        Issue.record("no deletion was seen")
        return
      }
      #expect(gone.metadata.uid == deleted.metadata.uid && gone.spec == ready.spec && gone.status == ready.status)
      #expect(gone.metadata.resourceVersion != ready.metadata.resourceVersion)
      #expect(await events.next() == .added(b))
    },
    StoreRequirement("A watch without a version begins with everything there is") { store throws in
      let a = try await store.create(.example("a"))
      let b = try await store.create(.example("b"))
      var events = try await store.watch(ServerKind.self, after: nil).makeAsyncIterator()
      let c = try await store.create(.example("c"))
      var first: [WatchEvent<ServerKind>] = []
      for _ in 0..<2 { if let event = await events.next() { first.append(event) } }
      #expect(Set(first) == [.added(a), .added(b)])
      #expect(await events.next() == .added(c))
    },
    StoreRequirement("A watch can go on after any event it has seen") { store throws in
      let start = try await store.list(ServerKind.self).resourceVersion
      var server = try await store.create(.example("a"))
      var versions: [Server] = [server]
      for number in 0..<5 {
        server.spec.hostname = "h\(number)"
        server = try await store.update(server)
        versions.append(server)
      }
      var position = start
      for (index, version) in versions.enumerated() {
        var events = try await store.watch(ServerKind.self, after: position).makeAsyncIterator()
        #expect(await events.next() == (index == 0 ? .added(version) : .modified(version)))
        position = version.metadata.resourceVersion ?? ""
      }
    },
    StoreRequirement("Every watcher sees every change") { store throws in
      let start = try await store.list(ServerKind.self).resourceVersion
      var watchers: [AsyncStream<WatchEvent<ServerKind>>] = []
      for _ in 0..<5 { watchers.append(try await store.watch(ServerKind.self, after: start)) }
      let a = try await store.create(.example("a"))
      for watcher in watchers {
        var events = watcher.makeAsyncIterator()
        #expect(await events.next() == .added(a))
      }
    },
  ]
}
