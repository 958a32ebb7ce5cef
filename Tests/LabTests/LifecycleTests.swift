import Testing

extension RackTests {
  @Suite("The life of servers")
  struct LifecycleTests {
    // Without kills, `tools/lab/lifecycle` is the same life. In a cluster: ClusterLabTests.
    @Test(
      """
      two machines are discovered, accepted, wiped, allocated, installed, booted from disk, released and wiped again, \
      by a daemon that is killed at ten random moments; a third that nobody accepted is never written to
      """)
    func life() async throws {
      // Another run's moments: `tools/lab/lifecycle --kill --seed N`; the script says its seed.
      let script = try await LabScript.run("lifecycle", "--kill")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.text.contains("ok: one fetched its patched configuration"), "\(script.tail)")
      #expect(script.text.contains("ok: two fetched its patched configuration"), "\(script.tail)")
      #expect(script.text.contains("ok: their disks are blank again (first)"), "\(script.tail)")
      #expect(script.text.contains("ok: the daemon was killed 10 times"), "\(script.tail)")
      #expect(script.text.contains("untouched after: the whole life of the others"), "\(script.tail)")
    }
  }
}
