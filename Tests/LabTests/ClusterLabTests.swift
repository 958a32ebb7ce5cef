import Foundation
import Testing

/// Six minutes more, of `tools/test --cluster`.
private let areLongWanted = ProcessInfo.processInfo.environment["SIDERITE_CLUSTER_LABS"] != nil

extension RackTests {
  /// A real API server and real or light machines.
  @Suite(
    "Machines of a management cluster",
    .enabled(if: TestCluster.isAvailable, "there is no API server: tools/test --cluster"))
  struct ClusterLabTests {
    @Test(
      "MetalMachines, one with a class and one with a serverRef, bring machines from bare to booted, and back to clean and off"
    )
    func life() async throws {
      let script = try await LabScript.run("lifecycle", "--cluster")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("ok: the MetalMachine with a serverRef has its Server"), "\(script.tail)")
      #expect(
        script.text.contains("ok: both Nodes of the workload cluster have their providers' IDs (first)"),
        "\(script.tail)")
      #expect(script.text.contains("ok: both MetalMachines are gone (first)"), "\(script.tail)")
      #expect(script.text.contains("ok: the cluster has Events of every reason of Sidero's"), "\(script.tail)")
      #expect(script.text.contains("untouched after: the whole life of the others"), "\(script.tail)")
    }

    // Five minutes in tools/lab/cluster-outage by itself; the machines are done within one.
    @Test(
      "Ten machines that are booting when the API server is killed all boot, and the cluster learns of it afterwards",
      .enabled(if: areLongWanted, "tools/test --cluster has it"))
    func outage() async throws {
      let script = try await LabScript.run("cluster-outage", "--seconds", "60")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("ok: all ten boot from disk"), "\(script.tail)")
      #expect(script.text.contains("ok: nothing was switched off or wiped"), "\(script.tail)")
    }

    @Test(
      "A paused Cluster's objects move to another management cluster, and no machine notices",
      .enabled(if: areLongWanted, "tools/test --cluster has it"))
    func move() async throws {
      let script = try await LabScript.run("cluster-move")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("ok: unpaused for 45 s, no machine was touched"), "\(script.tail)")
      #expect(script.text.contains("ok: no other machine was"), "\(script.tail)")
    }

    @Test("Two boot hosts share a cluster; when the one that leads is killed the other does within 30 s")
    func bootHosts() async throws {
      let script = try await LabScript.run("boot-hosts")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("ok: handed over after"), "\(script.tail)")
      #expect(script.text.contains("ok: no machine was switched off or wiped"), "\(script.tail)")
    }
  }
}
