extension Resource where Kind == ServerBindingKind {
  /// `"true"` once the machine said that it is installed. A move of its cluster takes annotations along and leaves conditions
  /// behind: without it a machine that restarts after a move would be installed once more.
  public static var installedAnnotation: String { "metal.sidero.dev/installed" }

  /// Whether the machine is installed and boots from its disk.
  public var isInstalled: Bool {
    switch status.conditions.condition(BindingCondition.installed)?.status {
    case .true: true
    case nil: metadata.isSet(Self.installedAnnotation)
    case .false, .unknown: false
    }
  }

  /// `namespace/name` of the MetalMachine it was made for; `nil` where a person allocated the Server.
  public var machineKey: String? {
    guard let reference = spec.metalMachineRef, let name = reference.name else { return nil }
    return "\(reference.namespace ?? ManifestReader.defaultNamespace)/\(name)"
  }

  /// The cluster that its labels name.
  public var clusterName: ClusterName? {
    guard spec.metalMachineRef != nil, let name = metadata.labels?[ClusterKind.nameLabel] else { return nil }
    return ClusterName(namespace: spec.metalMachineRef?.namespace ?? ManifestReader.defaultNamespace, name: name)
  }
}

/// The types of the conditions on a ServerBinding.
public enum BindingCondition {
  /// Sidero's: the machine is installed.
  public static let installed = "TalosInstalled"
}
