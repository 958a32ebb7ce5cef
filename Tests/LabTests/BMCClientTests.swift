import Testing

@Suite("Other people's IPMI clients against simulated BMCs")
struct BMCClientTests {
  @Test(
    "ipmitool, FreeIPMI and pyghmi switch, read and set our BMCs, also with cipher suite 17",
    arguments: ["ipmitool", "sol", "freeipmi", "pyghmi", "passwords"])
  func served(client: String) async throws {
    let script = try await LabScript.run("bmc-clients", client)
    #expect(script.status == 0, "\(script.tail)")
    #expect(script.output.contains("ok: \(client):"), "\(script.tail)")
    #expect(script.output.contains("ok: report:"), "\(script.tail)")
  }
}
