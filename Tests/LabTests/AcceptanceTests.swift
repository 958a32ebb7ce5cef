import BareMetal
import Foundation
import Testing

extension RackTests {
  /// The behaviours that Sidero's own integration suite (sfyra) covers and that need no cluster, one test each, by the
  /// names they have there: a real daemon and the real command line, machines that are there as far as HTTP goes.
  ///
  /// Those that need a management cluster (its creation, MetalMachines, scaling, lost references, the workload cluster)
  /// come with the Kubernetes store.
  @Suite("What Sidero's own suite covers")
  struct AcceptanceTests {
    @Test("server registration")
    func registration() async throws {
      let rack = try LightRack()
      try rack.press("poweron")
      try await rack.settle("it is registered") { try rack.server().metadata.name == rack.name() }
      let server = try rack.server()
      #expect(server.spec.hardware?.system?.manufacturer == "Lantern Works")
      #expect(server.spec.hardware?.system?.serialNumber == "LIGHT-0")
      #expect(server.spec.hardware?.storage?.devices?.first?.serialNumber == "WICK-0")
      #expect(!server.spec.accepted && !server.status.ready && !server.status.isClean)
    }

    @Test("discovered IPs")
    func addresses() async throws {
      let rack = try LightRack(machines: 2)
      try await rack.discover()
      for machine in 0..<2 {
        #expect(
          try rack.server(machine).status.addresses == [NodeAddress(type: "InternalIP", address: "10.98.0.\(machine)")])
      }
    }

    @Test("managementApi power")
    func power() async throws {
      // Long enough on for a question and its answer: an agent that nobody accepted switches off soon.
      let rack = try LightRack(options: "--moment", "5")
      try await rack.discover()
      // Nobody accepted it, so nobody switches it unless a person insists.
      #expect(rack.refusal("power", "on", rack.name()) != nil)
      #expect(rack.said(by: 0).last == "power off")
      try rack.siderite("power", "on", "--force", rack.name())
      try await rack.settle("it was switched on") { rack.said(by: 0).contains("power on") }
      #expect(try rack.siderite("power", "status", rack.name()).contains("on"))
      try await rack.settle("the Server says so") { try rack.server().status.power == .on }
      try rack.siderite("power", "off", "--force", rack.name())
      #expect(rack.said(by: 0).last == "power off")
      try await rack.settle("the Server says so") { try rack.server().status.power == .off }
    }

    @Test("reset on acceptance")
    func wipedWhenAccepted() async throws {
      let rack = try LightRack(machines: 2)
      try await rack.discover()
      try rack.siderite("accept", "--yes", rack.name(0))
      try await rack.clean(0)
      let steps = rack.said(by: 0).filter { !$0.hasPrefix("error") }
      #expect(steps.suffix(6) == ["power on", "agent", steps[steps.count - 4], "wiping", "wiped", "power off"])
      let wipe = try #require(try rack.server(0).status.wipe)
      #expect(wipe.phase == .done && wipe.reason == .accepted)
      // The other, that nobody accepted, was not even switched on.
      #expect(rack.said(by: 1).count { $0 == "power on" } == 1)
      #expect(!rack.said.contains("1 wiping"))
    }

    @Test("ready")
    func ready() async throws {
      let rack = try LightRack()
      try await rack.discover()
      #expect(try !rack.server().status.ready)
      try rack.siderite("accept", "--yes", rack.name())
      try await rack.clean()
      try await rack.settle("it is ready") { try rack.server().status.ready }
    }

    @Test("acceptance and cordon filtering in ServerClasses")
    func filtering() async throws {
      let rack = try LightRack(machines: 3)
      try await rack.discover()
      let available = { try rack.get(ServerClassKind.self, "any").status.serversAvailable }
      try await rack.settle("there is a class of all, with none") { try available().isEmpty }
      for machine in 0..<2 { try rack.siderite("accept", "--yes", rack.name(machine)) }
      try await rack.settle("the accepted are in it") { try available() == [rack.name(0), rack.name(1)] }
      try rack.patch("server", rack.name(0), #"{"spec": {"cordoned": true}}"#)
      try await rack.settle("the cordoned is not") { try available() == [rack.name(1)] }
      try rack.patch("server", rack.name(0), #"{"spec": {"cordoned": false}}"#)
      try await rack.settle("it is again") { try available() == [rack.name(0), rack.name(1)] }
    }

    @Test("ServerClass any, create, patch")
    func classes() async throws {
      let rack = try LightRack(machines: 2)
      try await rack.discover()
      try await rack.accept()
      let available = { (name: String) in try rack.get(ServerClassKind.self, name).status.serversAvailable }
      try await rack.settle("any has both") { try available("any") == [rack.name(0), rack.name(1)] }
      try rack.apply(
        """
        apiVersion: metal.sidero.dev/v1alpha2
        kind: ServerClass
        metadata: {name: lanterns}
        spec:
          qualifiers:
            hardware:
              - system: {manufacturer: Lantern Works, serialNumber: LIGHT-1}
        """)
      try await rack.settle("the class has one") { try available("lanterns") == [rack.name(1)] }
      try rack.patch(
        "serverclass", "lanterns",
        #"{"spec": {"qualifiers": {"hardware": [{"system": {"manufacturer": "Lantern Works"}}]}}}"#)
      try await rack.settle("patched, it has both") { try available("lanterns") == [rack.name(0), rack.name(1)] }
      try rack.patch("serverclass", "lanterns", #"{"spec": {"selector": {"matchLabels": {"wick": "long"}}}}"#)
      try await rack.settle("with a selector, none") { try available("lanterns").isEmpty }
      try rack.patch("server", rack.name(0), #"{"metadata": {"labels": {"wick": "long"}}}"#)
      try await rack.settle("with the label, one") { try available("lanterns") == [rack.name(0)] }
    }

    @Test("default and custom Environment readiness")
    func environments() async throws {
      let rack = try LightRack()
      // The default one is there without anybody's doing; its files are on the internet, which is not here.
      try await rack.settle("the default Environment says why it is not ready") {
        let conditions = try rack.get(EnvironmentKind.self, "default").status.conditions ?? []
        return !conditions.isEmpty && conditions.allSatisfy { $0.status == .false && $0.reason == "Unreachable" }
      }
      try rack.environment("custom")
      try await rack.settle("the custom one is ready") { try rack.isReady(environment: "custom") }
      try rack.environment("default")
      // Applied, what nobody has applied before stays: the files for arm64.
      try rack.patch("environment", "default", #"{"spec": {"architectures": null}}"#)
      try await rack.settle("the default one is, with files that are there") {
        try rack.isReady(environment: "default")
      }
    }

    @Test("config patches")
    func patches() async throws {
      let rack = try LightRack()
      try await rack.discover()
      try rack.environment("default")
      try rack.patch(
        "server", rack.name(),
        #"{"spec": {"configPatches": [{"op": "add", "path": "/machine/network/hostname", "value": "of-the-server"}]}}"#)
      try rack.apply(
        """
        apiVersion: metal.sidero.dev/v1alpha2
        kind: ServerClass
        metadata: {name: patched}
        spec:
          configPatches:
            - {op: add, path: /machine/network/hostname, value: of-the-class}
            - {op: replace, path: /machine/type, value: controlplane}
          strategicPatches:
            - |
              machine:
                kubelet:
                  extraArgs: {v: "7"}
        """)
      try await rack.accept()
      try rack.allocate(from: "patched")
      try await rack.settle("it is installed and boots from its disk") { rack.said(by: 0).last == "disk system" }
      let config = try rack.config()
      #expect(try config == rack.siderite("render", "server", rack.name(), "--part", "config"))
      #expect(config.contains("of-the-server") && !config.contains("of-the-class"))
      #expect(config.contains("type: controlplane"))
      #expect(config.contains("v: \"7\""))
      #expect(config.contains("metal.sidero.dev/uuid=\(rack.name())"))
    }

    @Test("webhook rejects bad values")
    func badValues() async throws {
      let rack = try LightRack()
      try await rack.discover()
      let before = try rack.server()
      for (patch, word) in [
        (#"{"spec": {"bootFromDiskMethod": "floppy"}}"#, "bootFromDiskMethod"),
        (#"{"spec": {"pxeMode": "token-ring"}}"#, "pxeMode"),
        (#"{"spec": {"configPatches": [{"op": "frobnicate", "path": "/a"}]}}"#, "configPatches"),
        (#"{"spec": {"accepted": "perhaps"}}"#, "accepted"),
      ] {
        let refusal = try #require(
          rack.refusal("patch", "server", rack.name(), "--type", "merge", "-p", patch), "\(patch)")
        #expect(refusal.contains(word), "\(refusal)")
      }
      #expect(try rack.server().spec == before.spec)
    }

    @Test("PXE boot retried after a bad config")
    func badConfig() async throws {
      let rack = try LightRack()
      try await rack.discover()
      try rack.environment("default")
      try await rack.accept()
      let bad = #"{"op": "add", "path": "/machine/sysctls", "value": {"bad": "config"}}"#
      try rack.patch("server", rack.name(), #"{"spec": {"configPatches": [\#(bad)]}}"#)
      try rack.allocate()
      try await rack.settle("it says that it does not take its configuration, and boots its Environment again") {
        rack.said(by: 0).count { $0 == "environment default" } >= 2
      }
      let conditions = try rack.get(ServerBindingKind.self, rack.name()).status.conditions ?? []
      let loaded = try #require(conditions.first { $0.type == "TalosConfigLoaded" })
      #expect(loaded.status == .false && loaded.reason == "TalosConfigLoadFailed")
      try rack.patch("server", rack.name(), #"{"spec": {"configPatches": []}}"#)
      try await rack.settle("with a good one it is installed, and boots from its disk") {
        rack.said(by: 0).last == "disk system"
      }
      #expect(try !rack.config().contains("bad"))
    }

    @Test("reset after release")
    func wipedWhenReleased() async throws {
      let rack = try LightRack()
      try await rack.discover()
      try rack.environment("default")
      try await rack.accept()
      try rack.allocate()
      try await rack.settle("it is installed, and boots from its disk") { rack.said(by: 0).last == "disk system" }
      #expect(try rack.server().status.inUse)
      try rack.siderite("release", "--yes", rack.name())
      try await rack.clean()
      let wipe = try #require(try rack.server().status.wipe)
      #expect(wipe.phase == .done && wipe.reason == .released && wipe.generation == 2)
      #expect(rack.said(by: 0).count { $0 == "wiped" } == 2)
      #expect(try !rack.server().status.inUse)
    }

    @Test("a tenth of the requests to switch power is refused: every life ends well")
    func dice() async throws {
      let seed = UInt16.random(in: 0...UInt16.max)
      let rack = try LightRack(machines: 8, options: "--explicit", "0.1", "--seed", "\(seed)")
      try await rack.discover()
      try rack.environment("default")
      try await rack.accept()
      for _ in 0..<8 { try rack.allocate() }
      for machine in 0..<8 {
        try await rack.settle("machine \(machine) is installed, and boots from its disk") {
          rack.said(by: machine).last { !$0.hasPrefix("error") } == "disk system"
        }
      }
      for machine in 0..<8 { try rack.siderite("release", "--yes", rack.name(machine)) }
      for machine in 0..<8 { try await rack.clean(machine) }
      for machine in 0..<8 { #expect(rack.said(by: machine).count { $0 == "wiped" } == 2) }
    }
  }
}
