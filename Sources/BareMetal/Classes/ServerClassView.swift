/// Who is in a class now.
public protocol ServerClassView: Sendable {
  /// `nil` where there is no such class.
  func members(ofClass name: String) async throws(StoreError) -> ServerClassMembers?
}

/// The Servers of a class, with what allocation needs to know of them.
public struct ServerClassMembers: Hashable, Sendable {
  /// Not in use; whether they are clean is for the Server itself to say.
  public var available: [ServerAllocator.Candidate]
  public var inUse: [ServerAllocator.Candidate]

  public init(available: [ServerAllocator.Candidate] = [], inUse: [ServerAllocator.Candidate] = []) {
    self.available = available
    self.inUse = inUse
  }
}

/// Looks at every Server for every question: for a store whose classes nobody follows.
public struct ListingClassView: ServerClassView {
  private let store: any ResourceStore

  public init(store: any ResourceStore) { self.store = store }

  public func members(ofClass name: String) async throws(StoreError) -> ServerClassMembers? {
    guard let serverClass = try await store.get(ServerClassKind.self, named: name) else { return nil }
    var index = ServerClassIndex()
    index.setClass(serverClass)
    for server in try await store.list(ServerKind.self).items { index.setServer(server) }
    for binding in try await store.list(ServerBindingKind.self).items { index.setBound(binding.metadata.name, true) }
    return index.members(ofClass: name)
  }
}
