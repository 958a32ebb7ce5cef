import Testing

extension RackTests {
  @Suite("Machines and their BMCs")
  struct PowerTests {
    @Test("switched off, set to boot from the network and cycled, both machines register again and are seen doing it")
    func power() async throws {
      let script = try await LabScript.run("power")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.output.split(separator: "\n").count { $0.hasPrefix("ok: ") } == 5, "\(script.tail)")
    }

    @Test("machines whose agents set their BMCs up themselves are switched with that user")
    func inBand() async throws {
      let script = try await LabScript.run("power", "--in-band")
      try #require(script.status == 0, "\(script.tail)")
      #expect(script.output.split(separator: "\n").count { $0.hasPrefix("ok: ") } == 6, "\(script.tail)")
    }
  }
}
