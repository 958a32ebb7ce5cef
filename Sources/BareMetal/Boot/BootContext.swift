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

  /// What the store has of the machine of that UUID that boots from the NIC of that hardware address.
  ///
  /// The UUID alone is not enough: what a machine boots may be written over its disks, and another may have the same UUID.
  /// One whose NIC is not the Server's gets what an unknown machine gets, the agent, and is looked at there.
  public init(of uuid: SystemUUID?, mac: MACAddress? = nil, in store: any ResourceStore) async throws(StoreError) {
    guard let uuid else { return }
    let named = uuid.unusableReason == nil ? try await store.get(ServerKind.self, named: uuid.description) : nil
    if let named, named.mayBoot(from: mac) {
      server = named
    } else if named != nil || uuid.unusableReason != nil, let mac {
      // Seldom: only for UUIDs that several machines have. They have Servers of other names.
      server = try await store.list(ServerKind.self).items.first { other in
        other.metadata.annotations?[Server.reportedUUIDAnnotation] == uuid.description
          && MachineFacts(other.spec.hardware).macs.contains(mac)
      }
    }
    guard let server else { return }
    binding = try await store.get(ServerBindingKind.self, named: server.metadata.name)
    if let name = binding?.spec.serverClassRef?.name {
      serverClass = try await store.get(ServerClassKind.self, named: name)
    }
  }
}
