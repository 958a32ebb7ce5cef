import Testing

extension RackTests {
  @Suite("A daemon that is killed, and one that cannot start")
  struct RestartTests {
    @Test(
      "no lease and no Server that was acknowledged is lost by a restart in the middle of load",
      arguments: [("kill", 3), ("term", 1)])
    func restart(signal: String, rounds: Int) async throws {
      let script = try await LabScript.run("restart", signal)
      #expect(script.status == 0, "\(script.tail)")
      #expect(script.output.split(separator: "\n").count { $0.hasPrefix("ok: ") } == rounds, "\(script.tail)")
    }

    @Test(
      "where the daemon cannot start it says what to do, and leaves nothing behind",
      arguments: [
        "state", "http", "tftp", "health", "interface", "down", "address", "raw", "ports", "directory", "configuration",
      ])
    func refused(obstacle: String) async throws {
      let script = try await LabScript.run("refusals", obstacle)
      #expect(script.status == 0, "\(script.tail)")
      #expect(script.output.contains("ok: \(obstacle):"), "\(script.tail)")
    }
  }
}
