import BareMetal
import Testing
import Wire

extension StoreRequirement {
  static let updates = [
    StoreRequirement("An update replaces labels, annotations, finalizers, owners and spec under a new version") {
      store throws in
      let created = try await store.create(.example("a"))
      var edited = created
      edited.metadata.labels = ["rack": "2"]
      edited.metadata.annotations = ["note": "n"]
      edited.metadata.finalizers = ["siderite.dev/test"]
      edited.metadata.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "Node", name: "n", uid: "u")]
      edited.spec.hostname = "edited"
      edited.spec.accepted = true
      let updated = try await store.update(edited)
      #expect(updated.metadata.resourceVersion != created.metadata.resourceVersion)
      #expect(updated.metadata.generation == 2)
      var expected = edited
      expected.metadata.resourceVersion = updated.metadata.resourceVersion
      expected.metadata.generation = 2
      #expect(updated == expected)
      #expect(try await store.get(ServerKind.self, named: "a") == updated)
    },
    StoreRequirement("An update does not touch the status") { store throws in
      var edited = try await store.create(.example("a"))
      edited.status.ready = true
      edited.status.power = .on
      edited.spec.hostname = "edited"
      #expect(try await store.update(edited).status == ServerStatus())
    },
    StoreRequirement("A status update touches nothing but the status") { store throws in
      let created = try await store.create(.example("a"))
      var edited = created
      edited.status.ready = true
      edited.status.conditions = [
        Condition(type: "PXEBooted", status: .true, lastTransitionTime: Timestamp(seconds: 1_700_000_000))
      ]
      edited.spec.hostname = "edited"
      edited.metadata.labels = ["rack": "2"]
      edited.metadata.finalizers = ["siderite.dev/test"]
      let updated = try await store.updateStatus(edited)
      #expect(updated.status == edited.status && updated.spec == created.spec)
      #expect(updated.metadata.labels == nil && updated.metadata.finalizers == nil)
      #expect(updated.metadata.resourceVersion != created.metadata.resourceVersion)
    },
    StoreRequirement("Of statuses written together each is judged by itself, and told in what was returned") {
      store throws in
      #expect(await store.updateStatuses([Server]()).isEmpty)
      var servers: [Server] = []
      for name in ["a", "b", "c", "d"] { servers.append(try await store.create(.example(name))) }
      var events = try await store.watch(
        ServerKind.self, after: servers[3].metadata.resourceVersion
      ).makeAsyncIterator()
      for index in servers.indices { servers[index].status.ready = true }
      // One that was changed meanwhile, one that is gone, and one whose status is what it was.
      var other = servers[0]
      other.spec.hostname = "edited"
      let current = try await store.update(other)
      let deleted = try await store.delete(ServerKind.self, named: "b", version: nil)
      servers[3].status = ServerStatus()
      let results = await store.updateStatuses(servers)
      #expect(results.count == 4)
      #expect(results[0] == .failure(.conflict(kind: "Server", name: "a")))
      #expect(results[1] == .failure(.notFound(kind: "Server", name: "b")))
      let written = try results[2].get()
      #expect(written.status.ready && written.metadata.resourceVersion != servers[2].metadata.resourceVersion)
      #expect(try results[3].get() == servers[3])
      #expect(try await store.list(ServerKind.self).items == [current, written, servers[3]])
      #expect(await events.next() == .modified(current))
      let gone = await events.next()
      if case .deleted(let last)? = gone {
        #expect(last.metadata.uid == deleted.metadata.uid)
      } else {
        Issue.record("\(String(describing: gone))")
      }
      #expect(await events.next() == .modified(written))
    },
    StoreRequirement("The generation counts changes of the spec only") { store throws in
      var server = try await store.create(.example("a"))
      server.metadata.labels = ["rack": "2"]
      server = try await store.update(server)
      #expect(server.metadata.generation == 1)
      server.status.isClean = true
      server = try await store.updateStatus(server)
      #expect(server.metadata.generation == 1)
      server.spec.cordoned = true
      server = try await store.update(server)
      #expect(server.metadata.generation == 2)
    },
    StoreRequirement("An update that changes nothing keeps the version, and nobody hears of it") { store throws in
      var server = Server.example("a")
      server.status.conditions = [
        // Finer than is written: no reason to see a change in it.
        Condition(type: "PXEBooted", status: .true, lastTransitionTime: Timestamp(milliseconds: 1_700_000_000_123))
      ]
      let created = try await store.create(server)
      var events = try await store.watch(ServerKind.self, after: created.metadata.resourceVersion).makeAsyncIterator()
      #expect(try await store.update(created) == created)
      #expect(try await store.updateStatus(created) == created)
      var same = created
      same.status.conditions = server.status.conditions
      #expect(try await store.updateStatus(same) == created)
      same.metadata.labels = [:]
      same.metadata.finalizers = []
      #expect(try await store.update(same) == created)
      #expect(try await store.get(ServerKind.self, named: "a") == created)
      let next = try await store.create(.example("b"))
      #expect(await events.next() == .added(next))
    },
    StoreRequirement("An update from a stale version, or from none, is a conflict and changes nothing") {
      store throws in
      let created = try await store.create(.example("a"))
      var edited = created
      edited.spec.hostname = "first"
      let updated = try await store.update(edited)
      for version in [created.metadata.resourceVersion, nil] {
        var stale = created
        stale.metadata.resourceVersion = version
        stale.spec.hostname = "stale"
        stale.status.ready = true
        await #expect(throws: StoreError.conflict(kind: "Server", name: "a")) { try await store.update(stale) }
        await #expect(throws: StoreError.conflict(kind: "Server", name: "a")) { try await store.updateStatus(stale) }
      }
      #expect(try await store.get(ServerKind.self, named: "a") == updated)
    },
    StoreRequirement("An update of what is not there says so") { store throws in
      var gone = try await store.create(.example("a"))
      _ = try await store.delete(ServerKind.self, named: "a", version: nil)
      gone.spec.hostname = "back"
      await #expect(throws: StoreError.notFound(kind: "Server", name: "a")) { try await store.update(gone) }
      await #expect(throws: StoreError.notFound(kind: "Server", name: "a")) { try await store.updateStatus(gone) }
    },
    StoreRequirement("An update cannot change uid, creation time or generation") { store throws in
      let created = try await store.create(.example("a"))
      var edited = created
      edited.metadata.generation = 99
      edited.metadata.creationTimestamp = Timestamp(seconds: 0)
      #expect(try await store.update(edited) == created)
      edited.metadata.uid = "another"
      await #expect(throws: StoreError.conflict(kind: "Server", name: "a")) { try await store.update(edited) }
    },
  ]
}
