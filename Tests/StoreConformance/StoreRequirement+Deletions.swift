import BareMetal
import Testing
import Wire

extension StoreRequirement {
  static let deletions = [
    StoreRequirement("A deletion returns the object as it was last") { store throws in
      let created = try await store.create(.example("a"))
      let deleted = try await store.delete(ServerKind.self, named: "a", version: nil)
      #expect(deleted.spec == created.spec && deleted.metadata.uid == created.metadata.uid)
      #expect(try await store.get(ServerKind.self, named: "a") == nil)
      #expect(try await store.list(ServerKind.self).items.isEmpty)
    },
    StoreRequirement("A deletion of what is not there says so") { store throws in
      for name in ["nobody", "", "Not A Name"] {
        await #expect(throws: StoreError.notFound(kind: "Server", name: name)) {
          try await store.delete(ServerKind.self, named: name, version: nil)
        }
      }
    },
    StoreRequirement("A deletion with a version deletes only that state") { store throws in
      let created = try await store.create(.example("a"))
      var edited = created
      edited.spec.hostname = "edited"
      let updated = try await store.update(edited)
      await #expect(throws: StoreError.conflict(kind: "Server", name: "a")) {
        try await store.delete(ServerKind.self, named: "a", version: created.metadata.resourceVersion)
      }
      #expect(try await store.get(ServerKind.self, named: "a") == updated)
      _ = try await store.delete(ServerKind.self, named: "a", version: updated.metadata.resourceVersion)
      #expect(try await store.get(ServerKind.self, named: "a") == nil)
    },
    StoreRequirement("An object with finalizers is marked, and goes with the last of them") { store throws in
      var server = Server.example("a")
      server.metadata.finalizers = ["siderite.dev/one", "siderite.dev/two"]
      let created = try await store.create(server)
      var events = try await store.watch(ServerKind.self, after: created.metadata.resourceVersion).makeAsyncIterator()

      let marked = try await store.delete(ServerKind.self, named: "a", version: nil)
      #expect(marked.metadata.deletionTimestamp != nil)
      #expect(marked.metadata.resourceVersion != created.metadata.resourceVersion)
      #expect(try await store.get(ServerKind.self, named: "a") == marked)
      #expect(await events.next() == .modified(marked))

      var edited = marked
      edited.metadata.deletionTimestamp = nil
      edited.metadata.finalizers = ["siderite.dev/two"]
      let half = try await store.update(edited)
      #expect(half.metadata.deletionTimestamp == marked.metadata.deletionTimestamp)
      #expect(await events.next() == .modified(half))

      edited = half
      edited.metadata.finalizers = nil
      let last = try await store.update(edited)
      #expect(last.metadata.uid == created.metadata.uid)
      #expect(try await store.get(ServerKind.self, named: "a") == nil)
      guard case .deleted(let gone) = await events.next() else {
        Issue.record("no deletion was seen")
        return
      }
      #expect(gone.metadata.uid == created.metadata.uid)
    },
    StoreRequirement("A second deletion of a marked object changes nothing") { store throws in
      var server = Server.example("a")
      server.metadata.finalizers = ["siderite.dev/one"]
      _ = try await store.create(server)
      let marked = try await store.delete(ServerKind.self, named: "a", version: nil)
      #expect(try await store.delete(ServerKind.self, named: "a", version: nil) == marked)
      #expect(try await store.get(ServerKind.self, named: "a") == marked)
    },
    StoreRequirement("A marked object takes no new finalizer, but status and spec can be written") { store throws in
      var server = Server.example("a")
      server.metadata.finalizers = ["siderite.dev/one"]
      _ = try await store.create(server)
      var marked = try await store.delete(ServerKind.self, named: "a", version: nil)
      var more = marked
      more.metadata.finalizers?.append("siderite.dev/two")
      await #expect { try await store.update(more) } throws: { $0.isInvalid }
      marked.status.isClean = true
      marked = try await store.updateStatus(marked)
      #expect(marked.status.isClean && marked.metadata.deletionTimestamp != nil)
      marked.spec.cordoned = true
      #expect(try await store.update(marked).spec.cordoned == true)
    },
  ]
}
