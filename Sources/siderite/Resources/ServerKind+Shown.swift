import BareMetal
import Wire

extension ServerKind: ShownKind {
  static let names = ["server", "servers", "srv"]
  static let isNamedAsServers = true
  static let emptyHint = "no servers yet: they appear when a machine has booted the agent ('siderite boots --watch')"

  /// Sidero's columns, and what identifies the machine.
  static func columns(wide: Bool) -> [String] {
    ["NAME", "HOSTNAME", "MANUFACTURER", "PRODUCT", "SERIAL"]
      + (wide ? ["BMC IP", "CORES", "MEMORY", "STORAGE", "ADDRESS"] : [])
      + ["ACCEPTED", "CORDONED", "ALLOCATED", "CLEAN", "POWER"] + (wide ? ["READY", "WIPE"] : []) + ["AGE"]
  }

  static func cells(of server: Server, wide: Bool, now: Timestamp) -> [String] {
    let hardware = server.spec.hardware
    var cells = [
      server.metadata.name, server.spec.hostname ?? "", hardware?.system?.manufacturer ?? "",
      hardware?.system?.productName ?? "", hardware?.system?.serialNumber ?? "",
    ]
    if wide {
      cells += [
        server.spec.bmc?.endpoint ?? "", hardware?.compute?.totalCoreCount.map { "\($0)" } ?? "",
        hardware?.memory?.totalSize ?? "", hardware?.storage?.totalSize ?? "",
        server.status.addresses?.first?.address ?? "",
      ]
    }
    cells += [
      "\(server.spec.accepted)", server.spec.cordoned.map { "\($0)" } ?? "", "\(server.status.inUse)",
      "\(server.status.isClean)", server.status.power?.rawValue ?? "",
    ]
    if wide { cells += ["\(server.status.ready)", server.status.wipe?.phase.rawValue ?? ""] }
    return (cells + [age(of: server, now: now)]).map { PlainText.line($0) }
  }

  static func description(of server: Server, from client: AdminClient) async throws -> String {
    let binding = try await client.get(ServerBindingKind.path(of: server.metadata.name), as: ServerBinding.self)
    let boots = try await client.get("/boots", as: [BootRecord].self) ?? []
    return ServerDescription.text(server, binding: binding, boots: boots)
  }
}
