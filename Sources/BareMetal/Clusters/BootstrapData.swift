/// Where the machine configuration of a Server that Cluster API allocated comes from: its binding's MetalMachine, the Machine
/// that owns that, and the Secret that this names.
public enum BootstrapData {
  /// The key of the configuration in both Secrets: Cluster API's.
  public static let valueKey = "value"
  /// In the copy: which allocation it is for. The next one of the same Server gets no other machine's configuration.
  public static let bindingKey = "binding"

  /// The place, or why there is none yet, for people; `nil` for a binding that Cluster API knows nothing of.
  public enum Place: Hashable, Sendable {
    case secret(SecretName)
    case missing(String)

    public init?(of binding: ServerBinding, in store: any ResourceStore) async throws(StoreError) {
      guard let key = binding.machineKey else { return nil }
      guard let metalMachine = try await store.get(MetalMachineKind.self, named: key),
        let namespace = metalMachine.metadata.namespace
      else {
        self = .missing("its MetalMachine \(key) is not here")
        return
      }
      guard let owner = metalMachine.metadata.owner(MachineKind.self),
        let machine = try await store.get(MachineKind.self, named: "\(namespace)/\(owner.name)")
      else {
        self = .missing("no Machine owns its MetalMachine \(key)")
        return
      }
      guard let name = machine.spec.bootstrap?.dataSecretName, !name.isEmpty else {
        self = .missing("its Machine \(machine.metadata.key) has no configuration (spec.bootstrap.dataSecretName)")
        return
      }
      self = .secret(SecretName(namespace: namespace, name: name))
    }
  }
}

extension SecretName {
  /// This boot host's copy of the configuration of a Server that Cluster API allocated.
  public static func bootstrapData(ofServer name: String) -> SecretName {
    SecretName(namespace: "sidero-system", name: "\(name)-bootstrap")
  }
}

extension Resource where Kind == ServerBindingKind {
  /// What tells this allocation from an earlier one of the same Server.
  public var allocationID: String { metadata.uid ?? "" }
}
