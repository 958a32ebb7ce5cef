import BareMetal
import Wire

extension MetalMachineKind: ShownKind {
  static let names = ["metalmachine", "metalmachines", "mm"]
  static let emptyHint = "no metalmachines: Cluster API makes them"

  static func columns(wide: Bool) -> [String] {
    ["NAMESPACE", "NAME", "CLUSTER", "MACHINE", "SERVERCLASS", "SERVER", "READY"] + (wide ? ["ADDRESSES"] : [])
      + ["AGE", "MESSAGE"]
  }

  static func cells(of machine: MetalMachine, wide: Bool, now: Timestamp) -> [String] {
    let metadata = machine.metadata
    var cells = [
      metadata.namespace ?? "", metadata.name, metadata.labels?[ClusterKind.nameLabel] ?? "",
      metadata.owner(MachineKind.self)?.name ?? "", machine.spec.serverClassRef?.name ?? "",
      machine.spec.serverRef?.name ?? "", "\(machine.status.ready)",
    ]
    if metadata.deletionTimestamp != nil { cells[6] = "deleting" }
    if wide { cells.append((machine.status.addresses ?? []).map(\.address).joined(separator: ",")) }
    return (cells + [age(of: machine, now: now), trouble(of: machine)]).map { PlainText.line($0) }
  }

  static func description(of machine: MetalMachine, from client: AdminClient) async throws -> String {
    var text = DescriptionText(machine)
    text.add("Cluster", machine.metadata.labels?[ClusterKind.nameLabel])
    text.add("Machine", machine.metadata.owner(MachineKind.self)?.name)
    text.add("Class", machine.spec.serverClassRef?.name)
    text.add("Server", machine.spec.serverRef?.name)
    text.add("Provider ID", machine.spec.providerID)
    text.add("Addresses", machine.status.addresses?.map { "\($0.type) \($0.address)" }.joined(separator: ", "))
    text.add("Ready", "\(machine.status.ready)")
    text.add(
      "Failure",
      [machine.status.failureReason, machine.status.failureMessage].compactMap(\.self).joined(separator: ": "))
    text.conditions(machine.status.conditions)
    return text.text
  }

  /// The first condition that is not as it should be.
  private static func trouble(of machine: MetalMachine) -> String {
    let condition = machine.status.conditions?.first { $0.status == .false }
    return condition?.message ?? condition?.reason ?? ""
  }
}
