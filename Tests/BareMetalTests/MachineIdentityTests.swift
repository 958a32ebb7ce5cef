import BareMetal
import Testing
import Wire

@Suite struct MachineIdentityTests {
  private static let known = "4c4c4544-0051-3610-8052-b4c04f4d4631"

  private func hardware(serial: String?, macs: [String], disks: [StorageDevice] = []) -> HardwareInformation {
    HardwareInformation(
      system: SystemInformation(manufacturer: "Dell Inc.", productName: "R650", serialNumber: serial),
      storage: StorageInformation(devices: disks),
      network: NetworkInformation(interfaces: macs.map { NetworkInterfaceInformation(mac: $0) }))
  }

  private func facts(_ serial: String?, _ macs: String...) -> MachineFacts {
    MachineFacts(hardware(serial: serial, macs: macs))
  }

  private func stored(_ serial: String?, _ macs: String...) -> Server {
    Server(metadata: ObjectMeta(name: Self.known), spec: ServerSpec(hardware: hardware(serial: serial, macs: macs)))
  }

  private func uuid(_ text: String) throws -> SystemUUID { try #require(SystemUUID(text)) }

  @Test(
    "UUIDs that name no machine are told apart from those that do",
    arguments: [
      ("00000000-0000-0000-0000-000000000000", Quarantine.Reason.unsetUUID),
      ("ffffffff-ffff-ffff-ffff-ffffffffffff", .unsetUUID),
      ("03000200-0400-0500-0006-000700080009", .vendorDefaultUUID),
      ("00020003-0004-0005-0006-000700080009", .vendorDefaultUUID),
      ("11111111-1111-1111-1111-111111111111", .vendorDefaultUUID),
      (known, nil), ("03000200-0400-0500-0006-00070008000a", nil),
    ])
  func unusable(text: String, reason: Quarantine.Reason?) throws { #expect(try uuid(text).unusableReason == reason) }

  @Test("A machine without a usable UUID is named by serial number and NIC, the same at each boot")
  func derived() throws {
    let zero = SystemUUID(high: 0, low: 0)
    let machine = facts("7Q6RMF1", "52:54:00:12:34:56", "52:54:00:12:34:57")
    guard case .doubted(let name, let quarantine) = MachineIdentity(zero, machine, stored: nil) else {
      Issue.record("not doubted")
      return
    }
    #expect(quarantine.reason == .unsetUUID)
    #expect(quarantine.message.contains("7Q6RMF1") && quarantine.message.contains("52:54:00:12:34:56"))
    // RFC 9562: version 8, variant 10.
    #expect(name.description.dropFirst(14).first == "8")
    #expect("89ab".contains(name.description.dropFirst(19).first ?? "?"))
    #expect(name.unusableReason == nil)
    #expect(facts("7Q6RMF1", "52:54:00:12:34:57", "52:54:00:12:34:56").derivedUUID == name)
    #expect(facts("7Q6RMF2", "52:54:00:12:34:56").derivedUUID != name)
    #expect(facts("7Q6RMF1", "52:54:00:12:34:55").derivedUUID != name)
  }

  @Test("A thousand machines alike but for one digit get a thousand names")
  func spread() {
    let names = Set(
      (0..<1000).map { facts("Default string", "52:54:00:00:\(hex($0 / 256)):\(hex($0 % 256))").derivedUUID })
    #expect(names.count == 1000)
  }

  private func hex(_ number: Int) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }

  @Test("With neither UUID, serial number nor NIC there is nothing to name it by")
  func nothing() {
    guard
      case .none(let reason) = MachineIdentity(
        SystemUUID(high: 0, low: 0), facts("To be filled by O.E.M."), stored: nil)
    else {
      Issue.record("named all the same")
      return
    }
    #expect(reason.contains("hardware.system.uuid"))
  }

  @Test(
    "Another machine of the same UUID is told apart; a changed NIC, mainboard or nothing known is not another machine")
  func duplicates() throws {
    let uuid = try uuid(Self.known)
    let known = stored("A1", "52:54:00:00:00:01", "52:54:00:00:00:02")
    #expect(MachineIdentity(uuid, facts("A1", "52:54:00:00:00:01"), stored: nil) == .known(uuid))
    #expect(MachineIdentity(uuid, facts("A1", "52:54:00:00:00:09"), stored: known) == .known(uuid))
    #expect(MachineIdentity(uuid, facts("B2", "52:54:00:00:00:02"), stored: known) == .known(uuid))
    #expect(MachineIdentity(uuid, facts("B2"), stored: known) == .known(uuid))
    #expect(MachineIdentity(uuid, facts("B2", "52:54:00:00:00:09"), stored: stored(nil)) == .known(uuid))
    for serial in ["B2", "Default string", nil] {
      guard
        case .doubted(let name, let quarantine) = MachineIdentity(
          uuid, facts(serial, "52:54:00:00:00:09"), stored: known)
      else {
        Issue.record("taken for the same machine")
        continue
      }
      #expect(name != uuid && quarantine.reason == .duplicateUUID)
      #expect(quarantine.message.contains("A1") && quarantine.message.contains("52:54:00:00:00:09"))
    }
  }

  @Test("A machine that boots from a NIC which is not the Server's is not that Server")
  func bootNIC() {
    let server = stored("A1", "52:54:00:00:00:01")
    #expect(server.mayBoot(from: MACAddress("52:54:00:00:00:01")))
    #expect(server.mayBoot(from: nil))
    #expect(!server.mayBoot(from: MACAddress("52:54:00:00:00:02")))
    #expect(stored("A1").mayBoot(from: MACAddress("52:54:00:00:00:02")))
  }

  @Test("Drift: disks, memory, processors, NICs and firmware that changed are told, each in a line")
  func drift() {
    var old = hardware(
      serial: "A1", macs: ["52:54:00:00:00:01"],
      disks: [
        StorageDevice(
          size: 500_000_000_000, productName: "Samsung SSD 970", serialNumber: "S4", deviceName: "/dev/sda"),
        StorageDevice(size: 1, serialNumber: "S5", deviceName: "/dev/sdb"),
      ])
    old.memory = MemoryInformation(modules: [MemoryModule(size: 1024)])
    old.compute = ComputeInformation(processors: [Processor(productName: "Xeon", coreCount: 8)])
    old.firmware = FirmwareInformation(vendor: "AMI", version: "1.0")
    #expect(old.changes(since: old).isEmpty)
    var new = old
    new.storage = StorageInformation(devices: [
      StorageDevice(size: 1, serialNumber: "S5", deviceName: "/dev/sda"),
      StorageDevice(size: 2_000_000_000, serialNumber: "S6", deviceName: "/dev/sdb"),
    ])
    new.memory = MemoryInformation(modules: [MemoryModule(size: 2048)])
    new.compute = ComputeInformation(processors: [Processor(productName: "Xeon", coreCount: 4)])
    new.network = NetworkInformation(interfaces: [])
    new.firmware?.version = "1.1"
    #expect(
      new.changes(since: old) == [
        "disk S4 (Samsung SSD 970, 500 GB) is gone", "disk S6 (2 GB) is new",
        "memory was 1 GB in 1 modules, is 2 GB in 1", "processors were 1 × Xeon, 8 cores, are 1 × Xeon, 4 cores",
        "NIC 52:54:00:00:00:01 is gone", "firmware was 1.0, is 1.1",
      ])
    // What the new report does not speak of has not changed.
    #expect(HardwareInformation().changes(since: old).isEmpty)
    #expect(old.changes(since: HardwareInformation()).isEmpty)
  }

  @Test("Changes are kept newest last, bounded, and not twice for one discovery")
  func driftKept() {
    var status = ServerStatus()
    for number in 0..<100 {
      #expect(status.note(["change \(number)"], now: Timestamp(seconds: Int64(number))) == ["change \(number)"])
    }
    #expect(status.hardwareChanges?.count == ServerStatus.keptHardwareChanges)
    #expect(status.hardwareChanges?.last?.message == "change 99")
    #expect(status.note(["change 99"], now: Timestamp(seconds: 100)).isEmpty)
    #expect(status.hardwareChanges?.count == ServerStatus.keptHardwareChanges)
  }
}
