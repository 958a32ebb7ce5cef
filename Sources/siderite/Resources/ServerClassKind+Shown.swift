import BareMetal
import Wire

extension ServerClassKind: ShownKind {
  static let names = ["serverclass", "serverclasses", "sc"]
  static let emptyHint = "no serverclasses yet: 'siderite apply -f' makes them"

  static func columns(wide: Bool) -> [String] {
    ["NAME", "AVAILABLE", "IN USE"] + (wide ? ["ENVIRONMENT", "SERVERS"] : []) + ["AGE"]
  }

  static func cells(of resource: ServerClass, wide: Bool, now: Timestamp) -> [String] {
    let status = resource.status
    var cells = [resource.metadata.name, "\(status.serversAvailable.count)", "\(status.serversInUse.count)"]
    if wide {
      cells += [
        resource.spec.environmentRef?.name ?? "",
        (status.serversAvailable + status.serversInUse).sorted().joined(separator: ","),
      ]
    }
    return cells + [age(of: resource, now: now)]
  }

  static func description(of resource: ServerClass, from client: AdminClient) async throws -> String {
    var text = DescriptionText(resource)
    text.add("Environment", resource.spec.environmentRef?.name)
    text.add("Boot from disk", resource.spec.bootFromDiskMethod?.rawValue)
    text.add("Spread by", resource.spec.spreadBy)
    text.add("Patches", patches(resource.spec.configPatches, resource.spec.strategicPatches))
    text.conditions(resource.status.conditions)
    if let qualifiers = resource.spec.qualifiers { try text.yaml("Qualifiers", qualifiers) }
    if let selector = resource.spec.selector { try text.yaml("Selector", selector) }
    for (title, names) in [
      ("Available", resource.status.serversAvailable), ("In use", resource.status.serversInUse),
    ] {
      text.section("\(title): \(names.count)")
      names.forEach { text.item($0) }
    }
    return text.text
  }

  /// `2 JSON patches, 1 strategic`
  static func patches(_ operations: [ConfigPatch]?, _ strategic: [String]?) -> String? {
    let parts = [
      operations.map { "\($0.count) JSON patch operation\($0.count == 1 ? "" : "s")" },
      strategic.map { "\($0.count) strategic" },
    ].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}
