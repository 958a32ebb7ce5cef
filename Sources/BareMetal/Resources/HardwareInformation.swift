/// What discovery found in a machine. Names and units are Sidero's; `firmware`, `baseboard` and `chassis` are additions
/// that Sidero's readers pass over.
public struct HardwareInformation: Codable, Hashable, Sendable {
  public var system: SystemInformation?
  public var compute: ComputeInformation?
  public var memory: MemoryInformation?
  public var storage: StorageInformation?
  public var network: NetworkInformation?
  public var firmware: FirmwareInformation?
  public var baseboard: BaseboardInformation?
  public var chassis: ChassisInformation?

  public init(
    system: SystemInformation? = nil, compute: ComputeInformation? = nil, memory: MemoryInformation? = nil,
    storage: StorageInformation? = nil, network: NetworkInformation? = nil, firmware: FirmwareInformation? = nil,
    baseboard: BaseboardInformation? = nil, chassis: ChassisInformation? = nil
  ) {
    self.system = system
    self.compute = compute
    self.memory = memory
    self.storage = storage
    self.network = network
    self.firmware = firmware
    self.baseboard = baseboard
    self.chassis = chassis
  }
}

/// SMBIOS type 1.
public struct SystemInformation: Codable, Hashable, Sendable {
  /// `8-4-4-4-12`, lower case.
  public var uuid: String?
  /// Who made the machine.
  public var manufacturer: String?
  /// The machine's model.
  public var productName: String?
  /// The model's version.
  public var version: String?
  /// The machine's serial number.
  public var serialNumber: String?
  /// The number it is sold by.
  public var skuNumber: String?
  /// The family of models it is of.
  public var family: String?

  public init(
    uuid: String? = nil, manufacturer: String? = nil, productName: String? = nil, version: String? = nil,
    serialNumber: String? = nil, skuNumber: String? = nil, family: String? = nil
  ) {
    self.uuid = uuid
    self.manufacturer = manufacturer
    self.productName = productName
    self.version = version
    self.serialNumber = serialNumber
    self.skuNumber = skuNumber
    self.family = family
  }
}

/// SMBIOS type 4, populated sockets.
public struct ComputeInformation: Codable, Hashable, Sendable {
  /// Cores of all processors together.
  public var totalCoreCount: UInt32?
  /// Threads of all processors together.
  public var totalThreadCount: UInt32?
  /// How many processors there are.
  public var processorCount: UInt32?
  /// Every processor.
  public var processors: [Processor]?

  /// Of which nothing is known.
  init() {}

  /// Sums what the processors say.
  public init(processors: [Processor]) {
    self.processors = processors
    processorCount = UInt32(clamping: processors.count)
    totalCoreCount = UInt32(clamping: processors.reduce(0) { $0 + Int($1.coreCount ?? 0) })
    totalThreadCount = UInt32(clamping: processors.reduce(0) { $0 + Int($1.threadCount ?? 0) })
  }
}

/// One processor package.
public struct Processor: Codable, Hashable, Sendable {
  /// Who made it.
  public var manufacturer: String?
  /// What it calls itself.
  public var productName: String?
  /// The processor's serial number.
  public var serialNumber: String?
  /// MHz.
  public var speed: UInt32?
  /// Its cores.
  public var coreCount: UInt32?
  /// Its threads.
  public var threadCount: UInt32?

  public init(
    manufacturer: String? = nil, productName: String? = nil, serialNumber: String? = nil, speed: UInt32? = nil,
    coreCount: UInt32? = nil, threadCount: UInt32? = nil
  ) {
    self.manufacturer = manufacturer
    self.productName = productName
    self.serialNumber = serialNumber
    self.speed = speed
    self.coreCount = coreCount
    self.threadCount = threadCount
  }
}

/// SMBIOS type 17, populated slots.
public struct MemoryInformation: Codable, Hashable, Sendable {
  /// For people: `64 GB`, or `512 MB` below a gigabyte.
  public var totalSize: String?
  /// How many modules there are.
  public var moduleCount: UInt32?
  /// Every module.
  public var modules: [MemoryModule]?

  /// Sums what the modules say.
  public init(modules: [MemoryModule]) {
    self.modules = modules
    moduleCount = UInt32(clamping: modules.count)
    let megabytes = modules.reduce(0) { $0 + UInt64($1.size ?? 0) }
    totalSize = megabytes >= 1024 ? "\(megabytes / 1024) GB" : "\(megabytes) MB"
  }
}

/// One memory module.
public struct MemoryModule: Codable, Hashable, Sendable {
  /// Who made it.
  public var manufacturer: String?
  /// The part number.
  public var productName: String?
  /// The module's serial number.
  public var serialNumber: String?
  /// `DDR4`, …
  public var type: String?
  /// Megabytes (2^20 bytes).
  public var size: UInt32?
  /// Megatransfers per second.
  public var speed: UInt32?

  public init(
    manufacturer: String? = nil, productName: String? = nil, serialNumber: String? = nil, type: String? = nil,
    size: UInt32? = nil, speed: UInt32? = nil
  ) {
    self.manufacturer = manufacturer
    self.productName = productName
    self.serialNumber = serialNumber
    self.type = type
    self.size = size
    self.speed = speed
  }
}

/// The disks the kernel sees.
public struct StorageInformation: Codable, Hashable, Sendable {
  /// For people: `1116 GB`, or `512 MB` below a gigabyte; in powers of 1024, as Sidero has it.
  public var totalSize: String?
  /// How many disks there are.
  public var deviceCount: UInt32?
  /// Every disk.
  public var devices: [StorageDevice]?

  /// Sums what the devices say.
  public init(devices: [StorageDevice]) {
    self.devices = devices
    deviceCount = UInt32(clamping: devices.count)
    let bytes = devices.reduce(UInt64(0)) { $0.addingReportingOverflow($1.size ?? 0).partialValue }
    totalSize = bytes >= 1 << 30 ? "\(bytes >> 30) GB" : "\(bytes >> 20) MB"
  }
}

/// One disk.
public struct StorageDevice: Codable, Hashable, Sendable {
  /// `HDD`, `SSD`, `NVMe`, `SD` or `Unknown`.
  public var type: String?
  /// Bytes.
  public var size: UInt64?
  /// The model.
  public var productName: String?
  /// The disk's serial number.
  public var serialNumber: String?
  /// `sda`
  public var name: String?
  /// `/dev/sda`
  public var deviceName: String?
  /// The identifier that the disk has of itself, if any.
  public var uuid: String?
  /// World-wide identifier: `naa.…`, `eui.…`, `nvme.…`.
  public var wwid: String?
  /// Names of its partitions and labels of the file systems on it, at the time of the discovery: an addition of
  /// Siderite's.
  public var labels: [String]?
  /// A partition that firmware boots from is on it: EFI system, BIOS boot, or one that is marked active. An addition of
  /// Siderite's.
  public var systemPartition: Bool?
  /// It cannot be written to: an addition of Siderite's.
  public var readOnly: Bool?

  public init(
    type: String? = nil, size: UInt64? = nil, productName: String? = nil, serialNumber: String? = nil,
    name: String? = nil, deviceName: String? = nil, uuid: String? = nil, wwid: String? = nil,
    labels: [String]? = nil, systemPartition: Bool? = nil, readOnly: Bool? = nil
  ) {
    self.type = type
    self.size = size
    self.productName = productName
    self.serialNumber = serialNumber
    self.name = name
    self.deviceName = deviceName
    self.uuid = uuid
    self.wwid = wwid
    self.labels = labels
    self.systemPartition = systemPartition
    self.readOnly = readOnly
  }
}

/// The network interfaces the kernel sees, loopback left out.
public struct NetworkInformation: Codable, Hashable, Sendable {
  /// How many interfaces there are.
  public var interfaceCount: UInt32?
  /// Every interface.
  public var interfaces: [NetworkInterfaceInformation]?

  public init(interfaces: [NetworkInterfaceInformation]) {
    self.interfaces = interfaces
    interfaceCount = UInt32(clamping: interfaces.count)
  }
}

/// One network interface.
public struct NetworkInterfaceInformation: Codable, Hashable, Sendable {
  /// The kernel's number of it.
  public var index: UInt32?
  /// `eth0`
  public var name: String?
  /// As Go prints them: `up|broadcast|multicast`.
  public var flags: String?
  /// Bytes of the largest packet.
  public var mtu: UInt32?
  /// The hardware address.
  public var mac: String?
  /// With prefix length: `10.0.0.7/24`.
  public var addresses: [String]?

  public init(
    index: UInt32? = nil, name: String? = nil, flags: String? = nil, mtu: UInt32? = nil, mac: String? = nil,
    addresses: [String]? = nil
  ) {
    self.index = index
    self.name = name
    self.flags = flags
    self.mtu = mtu
    self.mac = mac
    self.addresses = addresses
  }
}

/// SMBIOS type 0.
public struct FirmwareInformation: Codable, Hashable, Sendable {
  /// Who made the firmware.
  public var vendor: String?
  /// The firmware's version.
  public var version: String?
  /// When it was released, as its vendor writes it.
  public var releaseDate: String?
  /// `bios` or `uefi`: how this boot was made.
  public var mode: String?

  public init(vendor: String? = nil, version: String? = nil, releaseDate: String? = nil, mode: String? = nil) {
    self.vendor = vendor
    self.version = version
    self.releaseDate = releaseDate
    self.mode = mode
  }
}

/// SMBIOS type 2.
public struct BaseboardInformation: Codable, Hashable, Sendable {
  /// Who made the board.
  public var manufacturer: String?
  /// The board's name.
  public var productName: String?
  /// The board's version.
  public var version: String?
  /// The board's serial number.
  public var serialNumber: String?

  public init(
    manufacturer: String? = nil, productName: String? = nil, version: String? = nil, serialNumber: String? = nil
  ) {
    self.manufacturer = manufacturer
    self.productName = productName
    self.version = version
    self.serialNumber = serialNumber
  }
}

/// SMBIOS type 3.
public struct ChassisInformation: Codable, Hashable, Sendable {
  /// Who made the chassis.
  public var manufacturer: String?
  /// `Rack Mount Chassis`, …
  public var type: String?
  /// The chassis' serial number.
  public var serialNumber: String?
  /// What its owner calls it.
  public var assetTag: String?

  public init(
    manufacturer: String? = nil, type: String? = nil, serialNumber: String? = nil, assetTag: String? = nil
  ) {
    self.manufacturer = manufacturer
    self.type = type
    self.serialNumber = serialNumber
    self.assetTag = assetTag
  }
}
