import BareMetal
import Testing
import Wire

@Suite("What is done about MetalMachines")
struct MetalMachinePlanTests {
  private static let now = Timestamp(seconds: 1_800_000_000)
  private static let server = "4c4c4544-0051-3610-8052-b4c04f4d4631"

  /// A machine whose owner, Cluster, infrastructure and configuration are there.
  private func surroundings(
    _ spec: MetalMachineSpec = MetalMachineSpec(serverClassRef: ObjectReference(name: "any"))
  ) -> MetalMachineSurroundings {
    var machine = MetalMachine(metadata: ObjectMeta(name: "m", labels: [ClusterKind.nameLabel: "prod"]), spec: spec)
    machine.metadata.namespace = "default"
    machine.metadata.uid = "u1"
    var owner = Machine(metadata: ObjectMeta(name: "m"), spec: MachineSpec(clusterName: "prod"))
    owner.metadata.namespace = "default"
    owner.spec.bootstrap = MachineBootstrap(dataSecretName: "s")
    var cluster = Cluster(
      metadata: ObjectMeta(name: "prod"), spec: ClusterSpec(), status: ClusterStatus(infrastructureReady: true))
    cluster.metadata.namespace = "default"
    return MetalMachineSurroundings(machine: machine, owner: owner, cluster: cluster)
  }

  private func freeServer() -> Server {
    Server(
      metadata: ObjectMeta(name: Self.server), spec: ServerSpec(accepted: true),
      status: ServerStatus(ready: true, isClean: true))
  }

  private func plan(_ surroundings: MetalMachineSurroundings) -> MetalMachinePlan {
    MetalMachinePlan(for: surroundings, now: Self.now)
  }

  private func reason(_ plan: MetalMachinePlan) -> String? {
    plan.machine.status.conditions.condition(MetalMachineCondition.serverAllocated)?.reason
  }

  @Test("With everything there a Server of the class is taken; nothing is written before")
  func allocates() {
    let plan = plan(surroundings())
    #expect(plan.step == .allocate(serverClass: "any"))
    #expect(plan.machine == surroundings().machine)
  }

  @Test("What is missing is told, the first of it, and nothing is done")
  func missing() {
    var world = surroundings()
    world.owner?.spec.bootstrap = nil
    #expect(reason(plan(world)) == "WaitingForBootstrapData")
    world.cluster?.status = ClusterStatus()
    #expect(reason(plan(world)) == "WaitingForInfrastructure")
    world.cluster = nil
    #expect(reason(plan(world)) == "WaitingForCluster")
    world.owner = nil
    let plan = plan(world)
    #expect(reason(plan) == "WaitingForMachine" && plan.step == .none && plan.machine.spec == world.machine.spec)
  }

  @Test("Deletion needs none of that: the binding first, then the finalizer; without a finalizer of ours, nothing")
  func deletion() throws {
    var world = surroundings()
    (world.owner, world.cluster) = (nil, nil)
    world.machine.metadata.deletionTimestamp = Self.now
    #expect(plan(world).step == .none)
    world.machine.metadata.finalizers = ["other", MetalMachine.finalizer]
    world.machine.spec.serverRef = ObjectReference(name: Self.server)
    world.binding = world.machine.binding(of: Self.server)
    #expect(plan(world).step == .release(server: Self.server))
    world.binding?.metadata.deletionTimestamp = Self.now
    #expect(plan(world).step == .none && plan(world).requeue != nil)
    world.binding = nil
    let last = plan(world)
    #expect(last.step == .letGo && last.machine.metadata.finalizers == ["other"] && last.machine.spec.serverRef == nil)
  }

  @Test("Paused, nothing at all is done, deleted or not", arguments: [false, true])
  func paused(isDeleted: Bool) {
    for how in 0..<3 {
      var world = surroundings()
      world.machine.metadata.finalizers = [MetalMachine.finalizer]
      if isDeleted { world.machine.metadata.deletionTimestamp = Self.now }
      switch how {
      case 0: world.cluster?.spec.paused = true
      case 1: world.cluster?.metadata.annotations = [ObjectMeta.pausedAnnotation: "false"]
      default: world.machine.metadata.annotations = [ObjectMeta.pausedAnnotation: ""]
      }
      let plan = plan(world)
      #expect(plan.step == .none && plan.machine == world.machine && plan.requeue == nil)
    }
  }

  @Test(
    "A serverRef of the user's is bound when nothing stands against it; what it gets is written before, with a class later"
  )
  func explicit() {
    var world = surroundings(MetalMachineSpec(serverRef: ObjectReference(name: Self.server)))
    #expect(reason(plan(world)) == "ServerRefused")
    world.server = freeServer()
    let plan = plan(world)
    #expect(plan.step == .bind(server: Self.server))
    #expect(plan.machine.metadata.finalizers == [MetalMachine.finalizer])
    #expect(plan.machine.spec.providerID == "sidero://\(Self.server)")
    world.machine = plan.machine
    world.machine.spec.serverClassRef = ObjectReference(name: "any")
    world.machine.spec.providerID = nil
    let both = self.plan(world)
    #expect(
      both.step == .bind(server: Self.server) && both.machine.spec.providerID == nil, "it stays the user's choice")
    world.server?.spec.accepted = false
    #expect(self.plan(world).step == .none)
  }

  @Test("What the binding says is copied once: conditions keep their places, and nothing is written again")
  func copies() {
    var world = surroundings()
    world.binding = world.machine.binding(of: Self.server)
    world.server = freeServer()
    world.machine = plan(world).machine
    world.machine.status.conditions.set(MetalMachineCondition.providerSet, .false, reason: "r", now: Self.now)
    for type in ["TalosConfigLoaded", "TalosInstalled"] {
      world.binding?.status.conditions.set(type, .true, now: Self.now)
    }
    let copied = plan(world).machine
    #expect(
      copied.status.conditions?.map(\.type) == [
        MetalMachineCondition.serverAllocated, MetalMachineCondition.providerSet, "TalosConfigLoaded", "TalosInstalled",
      ])
    world.machine = copied
    #expect(plan(world).machine == copied)
    world.binding?.status.conditions = [
      Condition(type: "TalosInstalled", status: .false, lastTransitionTime: Self.now)
    ]
    #expect(plan(world).machine.status.conditions?.map(\.type).suffix(1) == ["TalosInstalled"])
    #expect(plan(world).machine.status.conditions?.count == 3)
  }

  @Test("A Server that was chosen here and is lost to somebody else is given up for another of the class")
  func chosenAgain() {
    var world = surroundings()
    world.machine.take(server: Self.server)
    world.server = freeServer()
    #expect(plan(world).step == .bind(server: Self.server), "a crash between the choice and the binding")
    world.otherBinding = ServerBinding(metadata: ObjectMeta(name: Self.server), spec: ServerBindingSpec())
    let plan = plan(world)
    #expect(plan.step == .allocate(serverClass: "any"))
    #expect(plan.machine.spec.serverRef == nil && plan.machine.spec.providerID == nil)
  }

  @Test("The binding says who it is for: a machine's reference, its labels, and what a move takes along")
  func binding() {
    let binding = surroundings().machine.binding(of: Self.server)
    #expect(binding.metadata.name == Self.server && binding.machineKey == "default/m")
    #expect(binding.spec.metalMachineRef?.uid == "u1" && binding.spec.serverClassRef?.name == "any")
    #expect(binding.metadata.labels == [ClusterKind.nameLabel: "prod", ObjectMeta.moveLabel: ""])
    #expect(binding.clusterName == ClusterName(namespace: "default", name: "prod"))
    #expect(binding.metadata.finalizers == [ServerBinding.releaseFinalizer])
  }

  @Test(
    "The Node is looked for once the machine is installed, or after a while; less often the longer it does not come")
  func node() throws {
    var world = surroundings()
    world.binding = world.machine.binding(of: Self.server)
    world.server = freeServer()
    let first = plan(world)
    #expect(first.step == .none && first.requeue == MetalMachinePlan.longestRecheck && first.machine.status.ready)
    world.machine = first.machine
    let cluster = ClusterName(namespace: "default", name: "prod")
    let expected = MetalMachinePlan.Step.setProviderID(ProviderID(server: Self.server), cluster: cluster)
    #expect(MetalMachinePlan(for: world, now: Self.now.advanced(bySeconds: 300)).step == expected)
    world.binding?.status.conditions.set("TalosInstalled", .true, now: Self.now)
    let installed = plan(world)
    #expect(installed.step == expected && installed.requeue == MetalMachinePlan.recheck)
    world.machine.status.conditions.set(MetalMachineCondition.providerSet, .false, now: Self.now)
    #expect(MetalMachinePlan(for: world, now: Self.now.advanced(bySeconds: 100)).requeue == .seconds(50))
    #expect(
      MetalMachinePlan(for: world, now: Self.now.advanced(bySeconds: 86_400)).requeue
        == MetalMachinePlan.longestRecheck)
    world.machine.status.conditions.set(MetalMachineCondition.providerSet, .true, now: Self.now)
    #expect(plan(world).step == .none && plan(world).requeue == nil)
  }

  @Test("What holds an allocated machine: its own pause, its MetalMachine's, its Cluster's, or that nobody knows it")
  func hold() {
    let world = surroundings()
    let binding = world.machine.binding(of: Self.server)
    #expect(BindingHold(of: binding, machine: world.machine, cluster: world.cluster) == nil)
    #expect(
      BindingHold(of: binding, machine: world.machine, cluster: nil) == nil, "a Cluster that is gone pauses nobody")
    guard case .machineUnknown? = BindingHold(of: binding, machine: nil, cluster: world.cluster) else {
      Issue.record("a MetalMachine that is not here")
      return
    }
    var cluster = world.cluster
    cluster?.spec.paused = true
    #expect(
      BindingHold(of: binding, machine: world.machine, cluster: cluster) == .paused("Cluster default/prod is paused"))
    let persons = ServerBinding(metadata: ObjectMeta(name: Self.server), spec: ServerBindingSpec())
    #expect(
      BindingHold(of: persons, machine: nil, cluster: cluster) == nil, "a person's allocation belongs to no cluster")
    var paused = persons
    paused.metadata.annotations = [ObjectMeta.pausedAnnotation: ""]
    #expect(BindingHold(of: paused, machine: nil, cluster: nil)?.conditionReason == "ClusterPaused")
  }

  @Test("A held machine is not switched, and says so; whoever is held no more says nothing")
  func heldServer() {
    var server = freeServer()
    server.spec.managementApi = ManagementAPI(endpoint: "http://m")
    let binding = surroundings().machine.binding(of: Self.server)
    func plan(_ hold: BindingHold?) -> ServerPlan {
      ServerPlan(
        for: server, binding: binding, hold: hold, power: .off, now: Self.now,
        configuration: ServerPlan.Configuration(), intentID: "i")
    }
    #expect(!plan(nil).actions.isEmpty)
    let held = plan(.machineUnknown("its MetalMachine is not here"))
    #expect(held.actions.isEmpty && held.status.inUse && !held.status.isClean)
    #expect(held.status.conditions.condition(ServerCondition.paused)?.reason == "MachineUnknown")
    server.status = held.status
    #expect(plan(nil).status.conditions.condition(ServerCondition.paused) == nil)
  }

  @Test("Provider IDs are read as they are written, and nobody else's are")
  func providerIDs() {
    #expect(ProviderID("sidero://\(Self.server)") == ProviderID(server: Self.server))
    for text in ["", "sidero://", "aws:///a", "sidero:/\(Self.server)", "sidero://A B"] {
      #expect(ProviderID(text) == nil, "\(text)")
    }
  }
}
