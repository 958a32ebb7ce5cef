import Testing

extension RackTests {
  @Suite("Real clients in the rack")
  struct ClientTests {
    @Test(
      "DHCP and TFTP clients of this system are served, and refused in words that they show",
      arguments: ["udhcpc", "dhclient", "dhcping", "tftp"])
    func served(client: String) async throws {
      let script = try await LabScript.run("clients", client)
      #expect(script.status == 0, "\(script.tail)")
      #expect(script.output.contains("ok: \(client):"), "\(script.tail)")
    }

    @Test("a report that is no machine's is refused with a line that says why, and nothing is stored")
    func registrations() async throws {
      let script = try await LabScript.run("clients", "registrations")
      #expect(script.status == 0, "\(script.tail)")
      #expect(script.output.contains("ok: registrations: nothing was stored"), "\(script.tail)")
    }
  }
}
