/// What can be done to a machine from afar.
public enum ManagementAbility: Hashable, Sendable {
  /// Switched on and off, and asked.
  case full
  /// Switched on, and nobody knows whether it is.
  case wakes
  /// Nothing.
  case byHand
}

extension Resource where Kind == ServerKind {
  /// What its spec says can be done; whether that works is another question.
  public var managementAbility: ManagementAbility {
    if let bmc = spec.bmc { return bmc.interface == BMCInterface.wol.rawValue ? .wakes : .full }
    return spec.managementApi?.endpoint.isEmpty == false ? .full : .byHand
  }
}
