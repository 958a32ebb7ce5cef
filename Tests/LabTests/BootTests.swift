import Testing

extension RackTests {
  @Suite("Boots of real firmware")
  struct BootTests {
    /// A machine of the rack (`lab_standard_vm`).
    struct Machine: Sendable {
      let firmware: String
      /// What `siderite describe server` must say: as it was given to QEMU.
      let facts: [String]
    }

    /// Machines that are powered on together: they wait for their firmware's time-outs more than they compute. Who gives
    /// addresses, and where.
    struct Scenario: CustomTestStringConvertible, Sendable {
      let machines: [Machine]
      let mode: String
      /// In a network behind ISC's relay agent.
      var isRelayed = false

      var firmware: String { machines.map(\.firmware).joined(separator: ",") }
      var testDescription: String { "\(firmware), \(mode)\(isRelayed ? ", relayed" : "")" }
      var arguments: [String] { ["--firmware", firmware, "--mode", mode] + (isRelayed ? ["--relayed"] : []) }
    }

    static let bios = [
      "UUID: 1f0c6a50-5b1d-4e0c-9a01-525400770001", "Manufacturer: Foundry Works", "Product: Anvil 100",
      "Serial: FW-BIOS-0001", "Mode: bios", "Lab CPU, 2500 MHz, 2 cores, 2 threads, serial FW-BIOS-0001-CPU",
      "Memory: 512 MB in 1 modules", "serial FW-BIOS-0001-DIMM", "Disks: 3 GB on 2 devices",
      "/dev/vda, HDD, 1073741824 bytes, serial FW-VDA-1", "2147483648 bytes, QEMU NVMe Ctrl, serial FW-NVME-1",
      "Network interfaces: 1", "52:54:00:77:00:01",
    ]
    static let uefi = [
      "UUID: 1f0c6a50-5b1d-4e0c-9a02-525400770002", "Manufacturer: Smelter Inc.", "Product: Bloomery 7",
      "Serial: SM-UEFI-0002", "Mode: uefi", "Lab CPU, 2500 MHz, 2 cores, 2 threads, serial SM-UEFI-0002-CPU",
      "Memory: 512 MB in 1 modules", "serial SM-UEFI-0002-DIMM", "Disks: 7 GB on 2 devices",
      "/dev/vda, HDD, 3221225472 bytes, serial SM-VDA-2", "4294967296 bytes, QEMU NVMe Ctrl, serial SM-NVME-2",
      "Network interfaces: 1", "52:54:00:77:00:02",
    ]
    static let uefiHTTP = [
      "UUID: 1f0c6a50-5b1d-4e0c-9a03-525400770003", "Manufacturer: Hearth & Sons", "Product: Ember",
      "Serial: HS-HTTP-0003", "Mode: uefi", "Lab CPU, 2500 MHz, 2 cores, 2 threads, serial HS-HTTP-0003-CPU",
      "Memory: 512 MB in 1 modules", "serial HS-HTTP-0003-DIMM", "Disks: 1 GB on 1 devices",
      "1073741824 bytes, QEMU NVMe Ctrl, serial HS-NVME-3", "Network interfaces: 1", "52:54:00:77:00:03",
    ]
    static let machines = [
      Machine(firmware: "bios", facts: bios), Machine(firmware: "uefi", facts: uefi),
      Machine(firmware: "uefi-http", facts: uefiHTTP),
    ]
    static let scenarios = [
      Scenario(machines: machines, mode: "server"), Scenario(machines: machines, mode: "proxy"),
      Scenario(machines: Array(machines.prefix(2)), mode: "server", isRelayed: true),
    ]

    @Test("blank machines power on and become Servers that say what the machines are", arguments: scenarios)
    func boot(_ scenario: Scenario) async throws {
      let script = try await LabScript.run("boot", scenario.arguments)
      try #require(script.status == 0, "\(script.tail)")
      for fact in scenario.machines.flatMap(\.facts) { #expect(script.text.contains(fact), "\(script.tail)") }
    }
  }
}
