import BareMetal
import Testing
import Wire

@Suite("What is done for an Environment")
struct EnvironmentPlanTests {
  static let now = Timestamp(seconds: 1_800_000_000)
  static let later = Timestamp(seconds: 1_800_000_060)
  let kernel = AssetSource(url: "http://mirror/vmlinuz")
  let initrd = AssetSource(url: "http://mirror/initramfs.xz", sha512: String(repeating: "b", count: 128))
  let failure = AssetFailure(.digestMismatch, "its SHA-512 is another")

  func environment(kernel: AssetSource? = nil, initrd: AssetSource? = nil) -> Environment {
    let kernel = kernel ?? self.kernel
    return Environment(
      metadata: ObjectMeta(name: "talos"),
      spec: EnvironmentSpec(
        kernel: KernelSource(url: kernel.url, sha512: kernel.sha512, args: ["console=tty0"]),
        initrd: initrd ?? self.initrd))
  }

  func content(_ letter: String, bytes: Int64 = 1_000_000) -> AssetContent {
    AssetContent(digest: String(repeating: letter, count: 128), bytes: bytes, path: "/cache/\(letter)")
  }

  func ready(_ letter: String, _ activity: AssetState.Activity = .idle) -> AssetState {
    AssetState(content: content(letter), activity: activity)
  }

  /// The plan, carried out on the Environment: its new status, and what is served.
  func carryOut(
    _ environment: inout Environment, _ states: [AssetSource: AssetState], now: Timestamp = now
  ) -> [String: String] {
    // Everything that was ever fetched is still here.
    let contents = Dictionary(uniqueKeysWithValues: ["a", "b", "c", "d"].map { content($0) }.map { ($0.digest, $0) })
    let plan = EnvironmentPlan(for: environment, states: states, contents: contents, now: now)
    var served: [String: String] = [:]
    for action in plan.actions {
      switch action {
      case .hold: break
      case .serve(let files):
        served = Dictionary(uniqueKeysWithValues: files.map { ("\($0.key)", $0.value.path) })
      case .writeStatus(let status): environment.status = status
      }
    }
    return served
  }

  @Test("Nothing is served before everything of an architecture is here; the conditions say how far it is")
  func progress() throws {
    var environment = environment()
    #expect(carryOut(&environment, [:]) == [:])
    #expect(environment.status.conditions?.map(\.reason) == ["Waiting", "Waiting"])
    #expect(!environment.isReady)

    let states = [
      kernel: AssetState(activity: .fetching(received: 4_200_000, total: 10_000_000)), initrd: ready("b"),
    ]
    #expect(carryOut(&environment, states) == [:])
    let conditions = try #require(environment.status.conditions)
    #expect(conditions.map(\.status) == [.false, .true])
    #expect(conditions.map(\.reason) == ["Fetching", "Verified"])
    #expect(conditions[0].message == "being fetched: 42 % of 10.0 MB")
    #expect(conditions[1].digest == initrd.sha512)
    #expect(
      environment.readiness()
        == .notReady("Environment talos is not ready: vmlinuz: being fetched: 42 % of 10.0 MB"))

    #expect(
      carryOut(&environment, [kernel: ready("a"), initrd: ready("b")], now: Self.later)
        == ["talos/vmlinuz": "/cache/a", "talos/initramfs.xz": "/cache/b"])
    #expect(environment.status.conditions?.map(\.reason) == ["Unverified", "Verified"])
    #expect(environment.status.conditions?.map(\.lastTransitionTime) == [Self.later, Self.now])
    #expect(environment.readiness() == .ready)
    #expect(environment.isReady)
    #expect(environment.status.served?["vmlinuz"]?.digest == content("a").digest)
  }

  @Test("Nothing new is written down when nothing is new, and only what is served is held")
  func idempotent() {
    var environment = environment()
    let states = [kernel: ready("a"), initrd: ready("b")]
    _ = carryOut(&environment, states)
    let contents = ["a", "b"].map { content($0) }
    let plan = EnvironmentPlan(
      for: environment, states: states,
      contents: Dictionary(uniqueKeysWithValues: contents.map { ($0.digest, $0) }), now: Self.later)
    #expect(plan.actions.count == 2)
    #expect(plan.actions.first == .hold(sources: [kernel, initrd], contents: Set(contents.map(\.digest))))
    #expect(!plan.isUnsettled)
  }

  @Test("A new version is served as a pair, and the old pair until then; new boots wait for what the spec asks for")
  func newVersion() {
    var environment = environment()
    _ = carryOut(&environment, [kernel: ready("a"), initrd: ready("b")])
    let newKernel = AssetSource(url: "http://mirror/2/vmlinuz")
    let newInitrd = AssetSource(url: "http://mirror/2/initramfs.xz", sha512: String(repeating: "d", count: 128))
    let newSpec = self.environment(kernel: newKernel, initrd: newInitrd).spec
    environment.spec = newSpec
    let old = ["talos/vmlinuz": "/cache/a", "talos/initramfs.xz": "/cache/b"]
    #expect(carryOut(&environment, [:]) == old)
    #expect(carryOut(&environment, [newKernel: ready("c")]) == old)
    #expect(carryOut(&environment, [newKernel: ready("c"), newInitrd: AssetState(activity: .failed(failure))]) == old)
    #expect(environment.status.conditions?.map(\.status) == [.true, .false])
    #expect(environment.status.conditions?.last?.reason == "DigestMismatch")
    #expect(
      environment.readiness()
        == .notReady("Environment talos is not ready: initramfs.xz: its SHA-512 is another"))
    #expect(environment.status.served?["vmlinuz"]?.url == kernel.url)
    #expect(
      carryOut(&environment, [newKernel: ready("c"), newInitrd: ready("d")])
        == ["talos/vmlinuz": "/cache/c", "talos/initramfs.xz": "/cache/d"])
    #expect(environment.readiness() == .ready)
  }

  @Test("A failed look for something newer takes nothing away: ready still, and the condition says why")
  func staleButThere() throws {
    var environment = environment()
    _ = carryOut(&environment, [kernel: ready("a"), initrd: ready("b")])
    let unreachable = AssetFailure(.unreachable, "nobody listens there")
    let served = carryOut(&environment, [kernel: ready("a", .failed(unreachable)), initrd: ready("b")])
    #expect(served.count == 2)
    #expect(environment.readiness() == .ready)
    let condition = try #require(environment.status.conditions?.first)
    #expect(condition.reason == "Unreachable")
    #expect(condition.message == "the one from before is served: nobody listens there")
  }

  @Test("At one URL, a newer kernel waits for the look at its initramfs, and stays away when that fails")
  func samePlace() {
    let initrd = AssetSource(url: "http://mirror/initramfs.xz")
    var environment = environment(initrd: initrd)
    _ = carryOut(&environment, [kernel: ready("a"), initrd: ready("b")])
    let old = ["talos/vmlinuz": "/cache/a", "talos/initramfs.xz": "/cache/b"]
    for activity in [AssetState.Activity.waiting, .fetching(received: 5, total: nil), .failed(failure)] {
      #expect(carryOut(&environment, [kernel: ready("c"), initrd: ready("b", activity)]) == old)
      #expect(environment.readiness() == .ready)
      #expect(environment.status.conditions?.first?.digest == content("a").digest)
    }
    #expect(
      carryOut(&environment, [kernel: ready("c"), initrd: ready("d")])
        == ["talos/vmlinuz": "/cache/c", "talos/initramfs.xz": "/cache/d"])
  }

  @Test("After a restart what was served is served before anything is known of its sources")
  func restart() {
    var environment = environment()
    _ = carryOut(&environment, [kernel: ready("a"), initrd: ready("b")])
    let status = environment.status
    #expect(carryOut(&environment, [:]).count == 2)
    #expect(environment.status.served == status.served)
    // But a file that is gone is not.
    let plan = EnvironmentPlan(
      for: environment, states: [:], contents: [content("b").digest: content("b")], now: Self.now)
    #expect(plan.actions.contains(.serve([.environment("talos", .initramfs): content("b").asset])))
    #expect(plan.isUnsettled)
  }

  @Test("Architectures are apart: a missing arm64 file keeps no amd64 machine from booting")
  func architectures() {
    var environment = environment()
    let arm = AssetSource(url: "http://mirror/arm64/vmlinuz")
    environment.spec.architectures = ["arm64": EnvironmentFiles(kernel: KernelSource(url: arm.url))]
    let states = [
      kernel: ready("a"), initrd: ready("b"),
      arm: AssetState(activity: .failed(AssetFailure(.notFound, "the server has no such file (404)"))),
    ]
    #expect(carryOut(&environment, states).keys.sorted() == ["talos/initramfs.xz", "talos/vmlinuz"])
    #expect(environment.readiness(architecture: "amd64") == .ready)
    #expect(
      environment.readiness(architecture: "arm64")
        == .notReady("Environment talos is not ready: arm64/vmlinuz: the server has no such file (404)"))
    #expect(!environment.isReady)
    #expect(
      carryOut(&environment, states.merging([arm: ready("c")]) { $1 })["talos/arm64/vmlinuz"] == "/cache/c")
    #expect(environment.readiness(architecture: "arm64") == .ready)
    environment.spec.architectures = nil
    #expect(carryOut(&environment, states).count == 2)
    #expect(
      environment.readiness(architecture: "arm64")
        == .notReady("Environment talos has no kernel for arm64: spec.architectures.arm64.kernel.url is not set"))
  }

  @Test("A spec that cannot be booted is not fetched, said so, and takes nothing from what is served")
  func invalid() {
    var environment = environment()
    _ = carryOut(&environment, [kernel: ready("a"), initrd: ready("b")])
    environment.spec.kernel?.args = ["two words"]
    #expect(carryOut(&environment, [:]).count == 2)
    #expect(environment.status.conditions?.map(\.reason) == ["Invalid", "Invalid"])
    #expect(
      environment.status.conditions?.first?.message
        == "spec.kernel.args[0]: has a blank: every argument is an item of its own")
    #expect(environment.readiness() != .ready)
    let plan = EnvironmentPlan(for: environment, states: [:], contents: [:], now: Self.now)
    #expect(plan.actions.first.map { if case .hold(let sources, _) = $0 { sources.isEmpty } else { false } } == true)
  }

  @Test("One condition for two files of one URL, and none for empty ones (Sidero's rule)")
  func oneURL() {
    var environment = environment(initrd: AssetSource(url: kernel.url, sha512: ""))
    _ = carryOut(&environment, [kernel: ready("a")])
    #expect(environment.status.conditions?.count == 1)
    #expect(environment.isReady)
    environment.spec.initrd = AssetSource(url: "")
    #expect(carryOut(&environment, [kernel: ready("a")]) == ["talos/vmlinuz": "/cache/a"])
    #expect(environment.readiness() == .ready)
    environment.spec = EnvironmentSpec()
    #expect(carryOut(&environment, [:]) == [:])
    #expect(environment.status.conditions == nil)
    #expect(
      environment.readiness()
        == .notReady("Environment talos has no kernel for amd64: spec.kernel.url is not set"))
  }
}
