/// What a Server's hardware must be like to be in a class: ``HardwareInformation``'s shape, all of what is set.
///
/// A text is compared as it is; a number too, or where it says so as a quantity: `>= 64 GiB`. An empty text and zero are
/// as good as absent, as in Sidero. Each entry of a list is met by an entry of the Server's of its own, in any order.
public struct HardwareQualifier: Codable, Hashable, Sendable {
  public var system: SystemInformation?
  public var compute: ComputeQualifier?
  public var memory: MemoryQualifier?
  public var storage: StorageQualifier?
  public var network: NetworkQualifier?
  public var firmware: FirmwareInformation?
  public var baseboard: BaseboardInformation?
  public var chassis: ChassisInformation?

  public init(
    system: SystemInformation? = nil, compute: ComputeQualifier? = nil, memory: MemoryQualifier? = nil,
    storage: StorageQualifier? = nil, network: NetworkQualifier? = nil
  ) {
    self.system = system
    self.compute = compute
    self.memory = memory
    self.storage = storage
    self.network = network
  }
}

/// See ``ComputeInformation``.
public struct ComputeQualifier: Codable, Hashable, Sendable {
  public var totalCoreCount: QuantityQualifier?
  public var totalThreadCount: QuantityQualifier?
  public var processorCount: QuantityQualifier?
  public var processors: [ProcessorQualifier]?

  public init(
    totalCoreCount: QuantityQualifier? = nil, totalThreadCount: QuantityQualifier? = nil,
    processorCount: QuantityQualifier? = nil, processors: [ProcessorQualifier]? = nil
  ) {
    self.totalCoreCount = totalCoreCount
    self.totalThreadCount = totalThreadCount
    self.processorCount = processorCount
    self.processors = processors
  }
}

/// See ``Processor``.
public struct ProcessorQualifier: Codable, Hashable, Sendable {
  public var manufacturer: String?
  public var productName: String?
  public var serialNumber: String?
  public var speed: QuantityQualifier?
  public var coreCount: QuantityQualifier?
  public var threadCount: QuantityQualifier?

  public init(
    manufacturer: String? = nil, productName: String? = nil, serialNumber: String? = nil,
    speed: QuantityQualifier? = nil, coreCount: QuantityQualifier? = nil, threadCount: QuantityQualifier? = nil
  ) {
    self.manufacturer = manufacturer
    self.productName = productName
    self.serialNumber = serialNumber
    self.speed = speed
    self.coreCount = coreCount
    self.threadCount = threadCount
  }
}

/// See ``MemoryInformation``.
public struct MemoryQualifier: Codable, Hashable, Sendable {
  public var totalSize: QuantityQualifier?
  public var moduleCount: QuantityQualifier?
  public var modules: [MemoryModuleQualifier]?

  public init(
    totalSize: QuantityQualifier? = nil, moduleCount: QuantityQualifier? = nil, modules: [MemoryModuleQualifier]? = nil
  ) {
    self.totalSize = totalSize
    self.moduleCount = moduleCount
    self.modules = modules
  }
}

/// See ``MemoryModule``.
public struct MemoryModuleQualifier: Codable, Hashable, Sendable {
  public var manufacturer: String?
  public var productName: String?
  public var serialNumber: String?
  public var type: String?
  public var size: QuantityQualifier?
  public var speed: QuantityQualifier?

  public init(
    manufacturer: String? = nil, productName: String? = nil, serialNumber: String? = nil, type: String? = nil,
    size: QuantityQualifier? = nil, speed: QuantityQualifier? = nil
  ) {
    self.manufacturer = manufacturer
    self.productName = productName
    self.serialNumber = serialNumber
    self.type = type
    self.size = size
    self.speed = speed
  }
}

/// See ``StorageInformation``.
public struct StorageQualifier: Codable, Hashable, Sendable {
  public var totalSize: QuantityQualifier?
  public var deviceCount: QuantityQualifier?
  public var devices: [StorageDeviceQualifier]?

  public init(
    totalSize: QuantityQualifier? = nil, deviceCount: QuantityQualifier? = nil,
    devices: [StorageDeviceQualifier]? = nil
  ) {
    self.totalSize = totalSize
    self.deviceCount = deviceCount
    self.devices = devices
  }
}

/// See ``StorageDevice``.
public struct StorageDeviceQualifier: Codable, Hashable, Sendable {
  public var type: String?
  public var size: QuantityQualifier?
  public var productName: String?
  public var serialNumber: String?
  public var name: String?
  public var deviceName: String?
  public var uuid: String?
  public var wwid: String?

  public init(type: String? = nil, size: QuantityQualifier? = nil, productName: String? = nil) {
    self.type = type
    self.size = size
    self.productName = productName
  }
}

/// See ``NetworkInformation``.
public struct NetworkQualifier: Codable, Hashable, Sendable {
  public var interfaceCount: QuantityQualifier?
  public var interfaces: [NetworkInterfaceQualifier]?

  public init(interfaceCount: QuantityQualifier? = nil, interfaces: [NetworkInterfaceQualifier]? = nil) {
    self.interfaceCount = interfaceCount
    self.interfaces = interfaces
  }
}

/// See ``NetworkInterfaceInformation``.
public struct NetworkInterfaceQualifier: Codable, Hashable, Sendable {
  public var index: QuantityQualifier?
  public var name: String?
  public var flags: String?
  public var mtu: QuantityQualifier?
  public var mac: String?
  public var addresses: [String]?

  public init(name: String? = nil, mac: String? = nil, mtu: QuantityQualifier? = nil, addresses: [String]? = nil) {
    self.name = name
    self.mac = mac
    self.mtu = mtu
    self.addresses = addresses
  }
}
