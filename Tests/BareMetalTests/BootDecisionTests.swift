import BareMetal
import Testing
import Wire

@Suite("What a known machine boots")
struct BootDecisionTests {
  /// One row: what the store has, and what comes of it.
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var change: @Sendable (inout BootContext) -> Void = { _ in }
    var action: BootPlan.Action
    var reason: String

    var testDescription: String { name }
  }

  static let agent = BootPlan.Action.agent("agent-amd64")

  /// Accepted, allocated from a class that says nothing.
  static var allocated: BootContext {
    var binding = ServerBinding(metadata: ObjectMeta(name: "s"), spec: ServerBindingSpec())
    binding.spec.serverClassRef = ObjectReference(name: "c")
    return BootContext(
      server: Server(metadata: ObjectMeta(name: "s"), spec: ServerSpec(accepted: true)), binding: binding,
      serverClass: ServerClass(metadata: ObjectMeta(name: "c"), spec: ServerClassSpec()))
  }

  static func condition(_ type: String, _ status: Condition.Status = .true, reason: String? = nil) -> Condition {
    Condition(type: type, status: status, lastTransitionTime: Timestamp(seconds: 0), reason: reason)
  }

  static func wipe(_ phase: WipeStatus.Phase) -> WipeStatus {
    var wipe = WipeStatus(
      id: "w", reason: .released, generation: 1, requestedAt: Timestamp(seconds: 0), disks: [])
    wipe.phase = phase
    return wipe
  }

  static let rows: [Row] = [
    Row(name: "no Server", change: { $0 = BootContext() }, action: agent, reason: "no Server of this UUID is known"),
    Row(
      name: "not accepted, not allocated",
      change: {
        $0.server?.spec.accepted = false
        $0.binding = nil
      }, action: agent, reason: "the Server is not accepted"),
    Row(
      name: "not accepted, allocated", change: { $0.server?.spec.accepted = false }, action: agent,
      reason: "the Server is not accepted, although it is allocated"),
    Row(
      name: "not accepted, whatever references it",
      change: {
        $0.server?.spec.accepted = false
        $0.server?.spec.environmentRef = ObjectReference(name: "own")
        $0.server?.spec.pxeBootAlways = true
        $0.serverClass?.spec.environmentRef = ObjectReference(name: "of-class")
        $0.server?.status.conditions = [condition("PXEBooted")]
        $0.binding?.status.conditions = [condition("TalosInstalled")]
        $0.server?.status.isClean = true
      }, action: agent, reason: "the Server is not accepted, although it is allocated"),
    Row(
      name: "quarantined, allocated",
      change: { $0.server?.status.conditions = [condition("Quarantined", reason: "DuplicateUUID")] }, action: agent,
      reason: "the Server is quarantined (DuplicateUUID), although it is allocated"),
    Row(
      name: "quarantined and installed",
      change: { $0.server?.status.conditions = [condition("PXEBooted"), condition("Quarantined")] }, action: agent,
      reason: "the Server is quarantined, although it is allocated"),
    Row(
      name: "no longer quarantined",
      change: { $0.server?.status.conditions = [condition("Quarantined", .false)] }, action: .environment("default"),
      reason: "neither its Server nor its ServerClass names another"),
    Row(name: "not allocated", change: { $0.binding = nil }, action: agent, reason: "the Server is not allocated"),
    Row(
      name: "not allocated, although an Environment is named and it booted before",
      change: {
        $0.binding = nil
        $0.server?.spec.environmentRef = ObjectReference(name: "own")
        $0.server?.status.conditions = [condition("PXEBooted")]
      }, action: agent, reason: "the Server is not allocated"),
    Row(
      name: "being released",
      change: {
        $0.binding?.metadata.deletionTimestamp = Timestamp(seconds: 1)
        $0.server?.status.conditions = [condition("PXEBooted")]
      }, action: agent, reason: "the Server is being released"),
    Row(
      name: "to be wiped", change: { $0.server?.status.wipe = wipe(.requested) }, action: agent,
      reason: "its disks are to be wiped (Released)"),
    Row(
      name: "being wiped, not allocated",
      change: {
        $0.server?.status.wipe = wipe(.running)
        $0.binding = nil
      }, action: agent, reason: "its disks are to be wiped (Released)"),
    Row(
      name: "wiped", change: { $0.server?.status.wipe = wipe(.done) }, action: .environment("default"),
      reason: "neither its Server nor its ServerClass names another"),
    Row(
      name: "allocated", action: .environment("default"),
      reason: "neither its Server nor its ServerClass names another"),
    Row(
      name: "allocated without a class", change: { $0.serverClass = nil }, action: .environment("default"),
      reason: "neither its Server nor its ServerClass names another"),
    Row(
      name: "the class names an Environment",
      change: { $0.serverClass?.spec.environmentRef = ObjectReference(name: "of-class") },
      action: .environment("of-class"), reason: "its ServerClass c names it"),
    Row(
      name: "the Server names one, before its class",
      change: {
        $0.server?.spec.environmentRef = ObjectReference(name: "own")
        $0.serverClass?.spec.environmentRef = ObjectReference(name: "of-class")
      }, action: .environment("own"), reason: "its Server names it"),
    Row(
      name: "booted its Environment", change: { $0.server?.status.conditions = [condition("PXEBooted")] },
      action: .disk(.ipxeSanboot), reason: "it has booted its Environment"),
    Row(
      name: "has not booted it", change: { $0.server?.status.conditions = [condition("PXEBooted", .false)] },
      action: .environment("default"), reason: "neither its Server nor its ServerClass names another"),
    Row(
      name: "installed, although its Server does not know yet",
      change: { $0.binding?.status.conditions = [condition("TalosInstalled")] }, action: .disk(.ipxeSanboot),
      reason: "it is installed"),
    Row(
      name: "installation failed",
      change: { $0.binding?.status.conditions = [condition("TalosInstalled", .false)] },
      action: .environment("default"), reason: "neither its Server nor its ServerClass names another"),
    Row(
      name: "installed, booted from the network always",
      change: {
        $0.server?.spec.pxeBootAlways = true
        $0.server?.status.conditions = [condition("PXEBooted")]
        $0.binding?.status.conditions = [condition("TalosInstalled")]
      }, action: .environment("default"), reason: "neither its Server nor its ServerClass names another"),
    Row(
      name: "the class says how it leaves for its disk",
      change: {
        $0.server?.status.conditions = [condition("PXEBooted")]
        $0.serverClass?.spec.bootFromDiskMethod = .http404
      }, action: .disk(.http404), reason: "it has booted its Environment"),
    Row(
      name: "the Server says, before its class",
      change: {
        $0.server?.status.conditions = [condition("PXEBooted")]
        $0.server?.spec.bootFromDiskMethod = .ipxeExit
        $0.serverClass?.spec.bootFromDiskMethod = .http404
      }, action: .disk(.ipxeExit), reason: "it has booted its Environment"),
  ]

  @Test("Every rule, and its reason", arguments: rows)
  func decision(row: Row) {
    var context = Self.allocated
    row.change(&context)
    let planner = BootPlanner(programs: [:], bootFromDiskMethod: .ipxeSanboot)
    let plan = planner.plan(BootRequest(stage: .script, architecture: .uefiX64), context: context)
    #expect(plan == BootPlan(action: row.action, reason: row.reason))
  }

  @Test(
    "A machine that is not accepted, or is quarantined, is never booted into an Environment or its disk, whatever references it"
  )
  func never() {
    // Everything that could reference it, in every combination.
    for bits in 0..<128 {
      let on = { (bit: Int) in bits & 1 << bit != 0 }
      var context = Self.allocated
      context.server?.spec.accepted = on(0)
      context.server?.status.conditions = on(0) ? [Self.condition("Quarantined")] : []
      if on(1) { context.server?.spec.environmentRef = ObjectReference(name: "own") }
      if on(2) { context.serverClass?.spec.environmentRef = ObjectReference(name: "of-class") }
      if on(3) { context.server?.spec.pxeBootAlways = true }
      if on(4) { context.server?.status.conditions?.append(Self.condition("PXEBooted")) }
      if on(5) { context.binding?.status.conditions = [Self.condition("TalosInstalled")] }
      if on(6) { context.server?.status.isClean = true }
      for architecture in BootArchitecture.allCases {
        let plan = BootPlanner(programs: [:]).plan(
          BootRequest(stage: .script, architecture: architecture), context: context)
        #expect(plan.action == .agent("agent-\(architecture.environmentSuffix)"))
      }
    }
  }

  @Test("Firmware and iPXE get the same whatever the store has: only the script's question is about the Server")
  func earlierStages() {
    let planner = BootPlanner(files: ["snponly.efi"])
    for row in Self.rows {
      var context = Self.allocated
      row.change(&context)
      for stage in [BootRequest.Stage.firmwareTFTP, .firmwareHTTP, .ipxe] {
        let request = BootRequest(stage: stage, architecture: .uefiX64)
        #expect(planner.plan(request, context: context) == planner.plan(request, context: BootContext()))
      }
    }
  }
}
