import BareMetal
import Testing

extension StoreRequirement {
  private static let writers = 16

  static let races = [
    StoreRequirement("Of many who create one name, one succeeds") { store throws in
      let winners = await results { number in try await store.create(.example("a", hostname: "w\(number)")) }
      #expect(winners.count == 1)
      #expect(try await store.get(ServerKind.self, named: "a") == winners.first)
    },
    StoreRequirement("Of many who update one state, one succeeds") { store throws in
      let created = try await store.create(.example("a"))
      let winners = await results { number in
        var edited = created
        edited.spec.hostname = "w\(number)"
        return try await store.update(edited)
      }
      #expect(winners.count == 1)
      #expect(try await store.get(ServerKind.self, named: "a") == winners.first)
    },
    StoreRequirement("Those who read again after a conflict all get their change in") { store throws in
      _ = try await store.create(.example("a"))
      let done = await results { number in
        while true {
          guard var server = try await store.get(ServerKind.self, named: "a") else {
            throw StoreError.notFound(kind: "Server", name: "a")
          }
          server.metadata.labels = (server.metadata.labels ?? [:]).merging(["w\(number)": "done"]) { $1 }
          do { return try await store.update(server) } catch StoreError.conflict { continue }
        }
      }
      #expect(done.count == writers)
      #expect(Set(done.map(\.metadata.resourceVersion)).count == writers)
      #expect(try await store.get(ServerKind.self, named: "a")?.metadata.labels?.count == writers)
    },
    StoreRequirement("Of many who delete one state, one succeeds") { store throws in
      let created = try await store.create(.example("a"))
      let winners = await results { _ in
        try await store.delete(ServerKind.self, named: "a", version: created.metadata.resourceVersion)
      }
      #expect(winners.count == 1)
      #expect(try await store.get(ServerKind.self, named: "a") == nil)
    },
    StoreRequirement("A watcher who began before many concurrent writes ends with what the store holds") {
      store throws in
      let start = try await store.list(ServerKind.self).resourceVersion
      var events = try await store.watch(ServerKind.self, after: start).makeAsyncIterator()
      let created = await results { number in
        let server = try await store.create(.example("w\(number)"))
        return number.isMultiple(of: 2)
          ? try await store.delete(ServerKind.self, named: server.metadata.name, version: nil) : server
      }
      #expect(created.count == writers)
      var seen: [String: Server] = [:]
      for _ in 0..<(writers + writers / 2) {
        switch await events.next() {
        case .added(let server), .modified(let server): seen[server.metadata.name] = server
        case .deleted(let server): seen[server.metadata.name] = nil
        case .reset, nil: Issue.record("the watch was cut off")
        }
      }
      #expect(Set(seen.values) == Set(try await store.list(ServerKind.self).items))
    },
  ]

  /// What those of many concurrent writers got who succeeded; the others must have failed with a store's error of the
  /// kind that says so.
  private static func results(_ write: @escaping @Sendable (Int) async throws -> Server) async -> [Server] {
    await withTaskGroup(of: Server?.self) { group in
      for number in 0..<writers {
        group.addTask {
          do {
            return try await write(number)
          } catch StoreError.conflict, StoreError.alreadyExists, StoreError.notFound {
            return nil
          } catch {
            Issue.record(error)
            return nil
          }
        }
      }
      return await group.reduce(into: []) { if let server = $1 { $0.append(server) } }
    }
  }
}
