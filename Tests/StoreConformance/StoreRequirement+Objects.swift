import BareMetal
import Testing
import Wire

extension StoreRequirement {
  static let objects = [
    StoreRequirement("What is created is returned and read with uid, version, generation 1 and creation time") {
      store throws in
      var server = Server.example("a")
      server.metadata.labels = ["rack": "1"]
      server.metadata.annotations = ["note": "kept, ünïcode and \"quotes\" too"]
      server.metadata.finalizers = ["siderite.dev/test"]
      server.spec.configPatches = [
        ConfigPatch(op: "add", path: "/a", value: .object(["n": .integer(1), "list": .array([.null, .bool(true)])]))
      ]
      server.status.power = .off
      let created = try await store.create(server)
      #expect(created.metadata.uid?.isEmpty == false)
      #expect(created.metadata.resourceVersion?.isEmpty == false)
      #expect(created.metadata.generation == 1)
      #expect(created.metadata.creationTimestamp != nil && created.metadata.deletionTimestamp == nil)
      #expect(created.metadata.labels == server.metadata.labels)
      #expect(created.metadata.annotations == server.metadata.annotations)
      #expect(created.metadata.finalizers == server.metadata.finalizers)
      #expect(created.spec == server.spec && created.status == server.status)
      #expect(try await store.get(ServerKind.self, named: "a") == created)
    },
    StoreRequirement("What is not there reads as nil, whatever its name") { store throws in
      for name in ["nobody", "", "Not A Name", "../a", String(repeating: "a", count: 1000)] {
        #expect(try await store.get(ServerKind.self, named: name) == nil)
      }
    },
    StoreRequirement("An empty store lists nothing, with a version") { store throws in
      let list = try await store.list(ServerKind.self)
      #expect(list.items.isEmpty && !list.resourceVersion.isEmpty)
    },
    StoreRequirement("A list holds every object, by name") { store throws in
      var created: [Server] = []
      for name in ["b", "a.b", "c", "a"] { created.append(try await store.create(.example(name))) }
      let list = try await store.list(ServerKind.self)
      #expect(list.items.map(\.metadata.name) == ["a", "a.b", "b", "c"])
      #expect(Set(list.items) == Set(created))
    },
    StoreRequirement("Keys are those of a list, and a watch that follows them misses nothing") { store throws in
      let (none, empty) = try await store.keys(ServerKind.self)
      #expect(none.isEmpty && !empty.isEmpty)
      for name in ["b", "a.b", "c", "a"] { _ = try await store.create(.example(name)) }
      let gone = try await store.delete(ServerKind.self, named: "c", version: nil)
      let (keys, version) = try await store.keys(ServerKind.self)
      #expect(keys == ["a", "a.b", "b"] && gone.metadata.name == "c")
      var events = try await store.watch(ServerKind.self, after: version).makeAsyncIterator()
      let last = try await store.create(.example("d"))
      #expect(await events.next() == .added(last))
    },
    StoreRequirement("A list says what was written last, however often it is asked for") { store throws in
      for name in ["a", "b"] { _ = try await store.create(.example(name)) }
      var list = try await store.list(ServerKind.self)
      list.items[1].spec.hostname = "edited"
      let edited = try await store.update(list.items[1])
      #expect(try await store.list(ServerKind.self).items == [list.items[0], edited])
      _ = try await store.delete(ServerKind.self, named: "a", version: nil)
      #expect(try await store.list(ServerKind.self).items == [edited])
    },
    StoreRequirement("A second object of a name is refused, and the first is as it was") { store throws in
      let first = try await store.create(.example("a"))
      await #expect(throws: StoreError.alreadyExists(kind: "Server", name: "a")) {
        try await store.create(.example("a", hostname: "other"))
      }
      #expect(try await store.get(ServerKind.self, named: "a") == first)
    },
    StoreRequirement("Names are DNS-1123 subdomains of at most 253 bytes") { store throws in
      let good = ["a", "0", "a-b.c-d", "4c4c4544-0039-3010-8053-b7c04f313332", String(repeating: "a", count: 253)]
      for name in good { #expect(try await store.create(.example(name)).metadata.name == name) }
      let bad = [
        "", ".", "-", "a.", ".a", "a..b", "-a", "a-", "a.-b", "A", "a b", "a_b", "a/b", "../a", "ä", "a\u{0}", "a\n",
        String(repeating: "a", count: 254),
      ]
      for name in bad {
        await #expect("\(name)") { try await store.create(.example(name)) } throws: { $0.isInvalid }
      }
      #expect(try await store.list(ServerKind.self).items.count == good.count)
    },
    StoreRequirement("An object that carries a version is not created") { store throws in
      var server = Server.example("a")
      server.metadata.resourceVersion = "7"
      await #expect { try await store.create(server) } throws: { $0.isInvalid }
      #expect(try await store.get(ServerKind.self, named: "a") == nil)
    },
    StoreRequirement("The store, not the creator, says uid, generation and times") { store throws in
      var server = Server.example("a")
      server.metadata.uid = "mine"
      server.metadata.generation = 42
      server.metadata.creationTimestamp = Timestamp(seconds: 0)
      server.metadata.deletionTimestamp = Timestamp(seconds: 0)
      let created = try await store.create(server)
      #expect(created.metadata.uid != "mine" && created.metadata.generation == 1)
      #expect(created.metadata.creationTimestamp != Timestamp(seconds: 0))
      #expect(created.metadata.deletionTimestamp == nil)
    },
    StoreRequirement("A name used again is another object, under another uid and a later version") { store throws in
      let first = try await store.create(.example("a"))
      _ = try await store.delete(ServerKind.self, named: "a", version: nil)
      let second = try await store.create(.example("a"))
      #expect(second.metadata.uid != first.metadata.uid)
      #expect(second.metadata.resourceVersion != first.metadata.resourceVersion)
      var stale = first
      stale.spec.hostname = "stale"
      await #expect(throws: StoreError.conflict(kind: "Server", name: "a")) { try await store.update(stale) }
    },
  ]
}
