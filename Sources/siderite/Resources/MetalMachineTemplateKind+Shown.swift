import BareMetal
import Wire

extension MetalMachineTemplateKind: ShownKind {
  static let names = ["metalmachinetemplate", "metalmachinetemplates", "mmt"]
  static let emptyHint = "no metalmachinetemplates: Cluster API's manifests make them"

  static func columns(wide: Bool) -> [String] { ["NAMESPACE", "NAME", "SERVERCLASS", "SERVER", "AGE"] }

  static func cells(of template: MetalMachineTemplate, wide: Bool, now: Timestamp) -> [String] {
    let machine = template.spec.template.spec
    return [
      template.metadata.namespace ?? "", template.metadata.name, machine.serverClassRef?.name ?? "",
      machine.serverRef?.name ?? "", age(of: template, now: now),
    ].map { PlainText.line($0) }
  }

  static func description(of template: MetalMachineTemplate, from client: AdminClient) async throws -> String {
    var text = DescriptionText(template)
    text.add("Class", template.spec.template.spec.serverClassRef?.name)
    text.add("Server", template.spec.template.spec.serverRef?.name)
    return text.text
  }
}
