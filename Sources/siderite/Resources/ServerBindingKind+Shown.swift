import BareMetal
import Wire

extension ServerBindingKind: ShownKind {
  static let names = ["serverbinding", "serverbindings", "sb", "binding", "bindings"]
  static let isNamedAsServers = true
  static let emptyHint = "no serverbindings: no Server is allocated"

  static func columns(wide: Bool) -> [String] {
    ["NAME", "HOSTNAME", "SERVERCLASS", "METALMACHINE", "READY", "INSTALLED"]
      + (wide ? ["ADDRESSES", "CONFIG"] : []) + ["AGE"]
  }

  static func cells(of binding: ServerBinding, wide: Bool, now: Timestamp) -> [String] {
    let machine = [binding.spec.metalMachineRef?.namespace, binding.spec.metalMachineRef?.name].compactMap(\.self)
    var cells = [
      binding.metadata.name, binding.spec.hostname ?? "", binding.spec.serverClassRef?.name ?? "",
      machine.joined(separator: "/"), "\(binding.status.ready)", "\(binding.isInstalled)",
    ]
    if wide {
      cells += [
        (binding.spec.addresses ?? []).joined(separator: ","),
        binding.spec.configRef.map { "\($0.namespace)/\($0.name)" } ?? "",
      ]
    }
    if binding.metadata.deletionTimestamp != nil { cells[4] = "releasing" }
    return (cells + [age(of: binding, now: now)]).map { PlainText.line($0) }
  }

  static func description(of binding: ServerBinding, from client: AdminClient) async throws -> String {
    var text = DescriptionText(binding)
    text.add("Hostname", binding.spec.hostname)
    text.add("Class", binding.spec.serverClassRef?.name)
    text.add("Machine", binding.spec.metalMachineRef?.name)
    text.add("Configuration", binding.spec.configRef.map { "Secret \($0.namespace)/\($0.name), key \($0.key)" })
    text.add("Addresses", binding.spec.addresses?.joined(separator: ", "))
    text.add("SideroLink", binding.spec.siderolink?.address)
    text.add("Ready", "\(binding.status.ready)")
    text.add("Installed", "\(binding.isInstalled)")
    text.conditions(binding.status.conditions)
    return text.text
  }
}
