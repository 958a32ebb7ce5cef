public import BareMetal

/// Copies the machine configurations that Cluster API made from the management cluster's Secrets to this boot host's, ahead of
/// time: a machine that asks for its configuration causes no question to an API server, and gets it with the cluster away.
///
/// Runs on every boot host. A configuration may be made anew until the machine is installed, so it is looked at again until
/// then; after that it is left alone, as the machine has its own, except on machines that boot the network every time.
public struct BootstrapDataReconciler: Reconciler {
  /// Between two looks for a configuration that is not there yet.
  static let missing = Duration.seconds(30)
  /// Between two looks at one that is, until the machine is installed.
  static let copied = Duration.seconds(120)

  public let name = "bootstrapdata"
  public let sources: [WatchSource]

  private let store: any ResourceStore
  private let remote: any SecretStore
  private let local: any SecretStore
  private let serves: @Sendable (Server) -> Bool
  private let owners: MachineOwners

  /// - Parameters:
  ///   - remote: where Cluster API keeps them.
  ///   - local: this boot host's own.
  ///   - serves: whether the Server may boot from this host; any may, by default.
  public init(
    store: any ResourceStore, remote: any SecretStore, local: any SecretStore,
    serves: @escaping @Sendable (Server) -> Bool = { _ in true }
  ) {
    let owners = MachineOwners()
    sources = [
      WatchSource(ServerBindingKind.self), WatchSource(ServerKind.self),
      WatchSource(MetalMachineKind.self) { change in
        guard case .present(let machine) = change, let server = machine.spec.serverRef?.name else { return [] }
        owners.note(server, of: machine.metadata.key)
        return [server]
      },
      WatchSource(MachineKind.self) { change in
        guard case .present(let machine) = change, let key = machine.metalMachineKey else { return [] }
        return owners.server(of: key).map { [$0] } ?? []
      },
    ]
    self.store = store
    self.remote = remote
    self.local = local
    self.serves = serves
    self.owners = owners
  }

  /// - Parameter name: the Server's.
  public func reconcile(_ name: String) async throws -> Requeue {
    let place = SecretName.bootstrapData(ofServer: name)
    let binding = try await store.get(ServerBindingKind.self, named: name)
    guard let binding, binding.machineKey != nil else {
      owners.forget(name)
      if try await local.secret(place) != nil { try await local.setSecret(place, to: nil) }
      return .never
    }
    guard binding.metadata.deletionTimestamp == nil,
      let server = try await store.get(ServerKind.self, named: name), serves(server),
      !binding.isInstalled || server.spec.pxeBootAlways == true
    else { return .never }
    guard case .secret(let source)? = try await BootstrapData.Place(of: binding, in: store),
      let value = try await remote.secret(source)?[BootstrapData.valueKey]
    else { return .after(Self.missing) }
    let copy = [BootstrapData.valueKey: value, BootstrapData.bindingKey: Secret(binding.allocationID)]
    if try await local.secret(place) != copy { try await local.setSecret(place, to: copy) }
    return .after(Self.copied)
  }
}
