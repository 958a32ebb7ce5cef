public import Wire

/// Everything that decides what a machine boots: its Server, the allocation, the class it was allocated from.
public struct BootContext: Hashable, Sendable {
  public var server: Server?
  public var binding: ServerBinding?
  /// The binding's class.
  public var serverClass: ServerClass?

  public init(server: Server? = nil, binding: ServerBinding? = nil, serverClass: ServerClass? = nil) {
    self.server = server
    self.binding = binding
    self.serverClass = serverClass
  }

  /// What the store has of the machine of that UUID.
  public init(of uuid: SystemUUID?, in store: any ResourceStore) async throws(StoreError) {
    guard let uuid, !uuid.isUnset else { return }
    server = try await store.get(ServerKind.self, named: uuid.description)
    guard server != nil else { return }
    binding = try await store.get(ServerBindingKind.self, named: uuid.description)
    if let name = binding?.spec.serverClassRef?.name {
      serverClass = try await store.get(ServerClassKind.self, named: name)
    }
  }
}
