import BareMetal
import LinuxSystem
import SMBIOS
import Wire

extension HardwareInformation {
  /// Puts the report together from what was read. Quantities change unit here and nowhere else: see the properties of
  /// either side.
  init(
    table: StructureTable?, disks: [BlockDevice], contents: [String: DiskContents] = [:],
    interfaces: [NetworkInterface], isUEFI: Bool
  ) {
    self.init(
      storage: StorageInformation(devices: disks.filter(\.isFixed).map { StorageDevice($0, contents[$0.name]) }),
      network: NetworkInformation(
        interfaces: interfaces.filter { $0.macAddress != nil }.map(NetworkInterfaceInformation.init)),
      firmware: FirmwareInformation(
        vendor: table?.bios?.vendor, version: table?.bios?.version, releaseDate: table?.bios?.releaseDate,
        mode: isUEFI ? "uefi" : "bios"))
    guard let table else { return }
    if let system = table.system {
      self.system = .init(
        uuid: system.uuid?.description, manufacturer: system.manufacturer, productName: system.productName,
        version: system.version, serialNumber: system.serialNumber, skuNumber: system.skuNumber, family: system.family)
    }
    compute = ComputeInformation(processors: table.processors.filter(\.isPopulated).map(BareMetal.Processor.init))
    memory = MemoryInformation(modules: table.memoryDevices.compactMap(MemoryModule.init))
    if let board = table.baseboards.first {
      baseboard = BaseboardInformation(
        manufacturer: board.manufacturer, productName: board.productName, version: board.version,
        serialNumber: board.serialNumber)
    }
    if let chassis = table.chassis {
      self.chassis = ChassisInformation(
        manufacturer: chassis.manufacturer, type: chassis.kind?.description, serialNumber: chassis.serialNumber,
        assetTag: chassis.assetTag)
    }
  }

  /// For what is on the disks: they are read at once, and some tell nothing for minutes.
  private static let contentsLimit = Duration.seconds(10)

  /// Reads the machine this runs on. SMBIOS that cannot be read is left out; the reasons come last.
  ///
  /// `management` is how the BMC is reached, if the firmware says so.
  static func read() -> (hardware: HardwareInformation, management: ManagementInterface?, problems: [String]) {
    var problems = [String]()
    func reading<Value>(_ what: String, _ body: () throws -> Value) -> Value? {
      do {
        return try body()
      } catch {
        problems.append("\(what): \(error)")
        return nil
      }
    }

    let table = reading("SMBIOS") { () throws -> StructureTable? in
      let directory = "/sys/firmware/dmi/tables"
      // 1 MiB: the largest real tables have some tens of kilobytes.
      guard let entryPoint = try FileDescriptor.contents(of: "\(directory)/smbios_entry_point", limit: 4096),
        let bytes = try FileDescriptor.contents(of: "\(directory)/DMI", limit: 1 << 20)
      else {
        problems.append("SMBIOS: the firmware has no tables")
        return nil
      }
      return try StructureTable(entryPoint: entryPoint.span, table: bytes.span)
    }
    if let problem = table??.problem { problems.append("SMBIOS: \(problem)") }
    let disks = reading("disks") { try BlockDevice.all() }
    let interfaces = reading("network interfaces") { try NetworkInterface.all() }
    let efi = reading("firmware") { try Directory.names(in: "/sys/firmware/efi") }
    let contents = DiskContents.read((disks ?? []).filter(\.isFixed), limit: contentsLimit)
    let hardware = HardwareInformation(
      table: table ?? nil, disks: disks ?? [], contents: contents, interfaces: interfaces ?? [],
      isUEFI: efi?.isEmpty == false)
    return (hardware, table??.managementInterface, problems)
  }

  /// What the console shows: `Acme Anvil-9000, 2 cores, 512 MB, 1 disk, 1 NIC`.
  var summary: String {
    let names = [system?.manufacturer, system?.productName].compactMap(\.self).joined(separator: " ")
    return [
      names.isEmpty ? "unknown machine" : names, "\(compute?.totalCoreCount ?? 0) cores",
      memory?.totalSize ?? "unknown memory", "\(storage?.deviceCount ?? 0) disks (\(storage?.totalSize ?? "0"))",
      "\(network?.interfaceCount ?? 0) NICs",
    ].joined(separator: ", ")
  }
}

extension BareMetal.Processor {
  init(_ processor: SMBIOS.Processor) {
    self.init(
      manufacturer: processor.manufacturer, productName: processor.version, serialNumber: processor.serialNumber,
      speed: processor.currentSpeedMegahertz.map { UInt32(clamping: $0) },
      coreCount: processor.coreCount.map { UInt32(clamping: $0) },
      threadCount: processor.threadCount.map { UInt32(clamping: $0) })
  }
}

extension MemoryModule {
  /// `nil` for an empty slot, and (as Sidero has it) for a module of unknown size.
  init?(_ device: MemoryDevice) {
    guard let bytes = device.sizeBytes, bytes > 0 else { return nil }
    self.init(
      manufacturer: device.manufacturer, productName: device.partNumber, serialNumber: device.serialNumber,
      type: device.type.description, size: UInt32(clamping: bytes >> 20),
      speed: device.speedMegatransfers.map { UInt32(clamping: $0) })
  }
}

extension StorageDevice {
  init(_ disk: BlockDevice, _ contents: DiskContents? = nil) {
    self.init(
      type: disk.kind.rawValue, size: disk.size, productName: disk.model, serialNumber: disk.serial, name: disk.name,
      deviceName: disk.path, uuid: disk.uuid, wwid: disk.wwid,
      labels: contents.flatMap { $0.labels.isEmpty ? nil : $0.labels },
      systemPartition: contents?.hasSystemPartition == true ? true : nil, readOnly: disk.isReadOnly ? true : nil)
  }
}

extension NetworkInterfaceInformation {
  init(_ interface: NetworkInterface) {
    self.init(
      index: UInt32(clamping: interface.index), name: interface.name, flags: interface.flags.text,
      mtu: UInt32(clamping: interface.mtu), mac: interface.macAddress?.description,
      addresses: interface.addresses.map { "\($0.address)/\($0.prefixLength)" })
  }
}

extension NetworkInterface.Flags {
  /// As Go prints its `net.Flags`, which is what Sidero stores: `up|broadcast|multicast|running`.
  var text: String {
    let names: [(NetworkInterface.Flags, String)] = [
      (.up, "up"), (.broadcast, "broadcast"), (.loopback, "loopback"), (.pointToPoint, "pointtopoint"),
      (.multicast, "multicast"), (.running, "running"),
    ]
    let set = names.filter { contains($0.0) }.map(\.1)
    return set.isEmpty ? "0" : set.joined(separator: "|")
  }
}
