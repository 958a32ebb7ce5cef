public import Wire

/// A physical machine of the rack. `metal.sidero.dev/v1alpha2`, named by the machine's SMBIOS UUID.
public typealias Server = Resource<ServerKind>

/// The kind `Server`.
public enum ServerKind: ResourceKind {
  public typealias Spec = ServerSpec
  public typealias Status = ServerStatus
  public static let apiVersion = "metal.sidero.dev/v1alpha2"
  public static let kind = "Server"
  public static let plural = "servers"
}

/// What is known of a machine and wanted from it.
public struct ServerSpec: Codable, Hashable, Sendable {
  /// What it boots when allocated, before its class's and the default Environment.
  public var environmentRef: ObjectReference?
  /// The facts of the last discovery.
  public var hardware: HardwareInformation?
  /// The machine's name.
  public var hostname: String?
  /// How its baseboard management controller is reached.
  public var bmc: BMC?
  /// A plain HTTP power interface, for virtual machines.
  public var managementApi: ManagementAPI?
  /// RFC 6902 operations on the machine configuration, after the class's.
  public var configPatches: [ConfigPatch]?
  /// Talos' strategic merge patches of the machine configuration, YAML, after the class's.
  public var strategicPatches: [String]?
  /// The operator's word that the machine is ours: nothing is ever written to a machine without it.
  @FalseWhenAbsent public var accepted: Bool
  /// Keeps the machine out of every class.
  public var cordoned: Bool?
  /// Boots the Environment every time, never the disk.
  public var pxeBootAlways: Bool?
  /// How the machine leaves iPXE to boot from its disk; the class's, else the boot host's way when absent.
  public var bootFromDiskMethod: BootFromDiskMethod?
  /// What it is told to boot the network by; the boot host's way when absent.
  public var pxeMode: PXEMode?
  /// Which disks a wipe erases; all, when absent: an addition of Siderite's.
  public var wipePolicy: WipePolicy?

  public init(hardware: HardwareInformation? = nil, hostname: String? = nil, accepted: Bool = false) {
    self.hardware = hardware
    self.hostname = hostname
    self.accepted = accepted
  }
}

/// What was observed of a machine.
public struct ServerStatus: ResourceStatus {
  /// Accepted, clean and powered off, or allocated.
  public var ready: Bool
  /// Allocated by a ServerBinding.
  public var inUse: Bool
  /// Its disks were wiped and nothing ran since.
  public var isClean: Bool
  /// `PowerCycle`, `PXEBooted`, `BMCReachable`, ….
  public var conditions: [Condition]?
  /// The addresses that it was last seen with.
  public var addresses: [NodeAddress]?
  /// Whether it is on.
  public var power: PowerState?
  /// The last intent to wipe it, open or carried out: an addition of Siderite's.
  public var wipe: WipeStatus?
  /// The last time it was switched by itself: an addition of Siderite's.
  public var switching: SwitchRecord?
  /// What discovery found changed since the one before, newest last, bounded: an addition of Siderite's.
  public var hardwareChanges: [HardwareChange]?

  public init() { self.init(ready: false, inUse: false, isClean: false) }

  public init(ready: Bool = false, inUse: Bool = false, isClean: Bool = false) {
    self.ready = ready
    self.inUse = inUse
    self.isClean = isClean
  }

  private enum CodingKeys: String, CodingKey {
    case ready, inUse, isClean, conditions, addresses, power, wipe, switching, hardwareChanges
  }

  /// What is absent is false, as in every Kubernetes status.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    ready = try container.decodeIfPresent(Bool.self, forKey: .ready) ?? false
    inUse = try container.decodeIfPresent(Bool.self, forKey: .inUse) ?? false
    isClean = try container.decodeIfPresent(Bool.self, forKey: .isClean) ?? false
    conditions = try container.decodeIfPresent([Condition].self, forKey: .conditions)
    addresses = try container.decodeIfPresent([NodeAddress].self, forKey: .addresses)
    power = try container.decodeIfPresent(PowerState.self, forKey: .power)
    wipe = try container.decodeIfPresent(WipeStatus.self, forKey: .wipe)
    switching = try container.decodeIfPresent(SwitchRecord.self, forKey: .switching)
    hardwareChanges = try container.decodeIfPresent([HardwareChange].self, forKey: .hardwareChanges)
  }
}

/// One way in which a machine was not the same at two discoveries.
public struct HardwareChange: Codable, Hashable, Sendable {
  /// When it was found.
  public var time: Timestamp
  /// For people: `disk S4EVNX0M123456 (Samsung SSD 970, 500 GB) is gone`.
  public var message: String

  public init(time: Timestamp, message: String) {
    self.time = time
    self.message = message
  }
}

/// `on`, `off`, or `unknown`: not asked, or no answer.
public enum PowerState: String, Codable, Hashable, Sendable, CaseIterable {
  case on, off, unknown
}

/// How a machine that is to boot from its disk leaves iPXE.
public enum BootFromDiskMethod: String, Codable, Hashable, Sendable, CaseIterable {
  case ipxeExit = "ipxe-exit"
  case http404 = "http-404"
  case ipxeSanboot = "ipxe-sanboot"
}

/// What a machine is told to boot by, when it is powered on for the network.
public enum PXEMode: String, Codable, Hashable, Sendable, CaseIterable {
  case uefi, bios
}

/// A reference to another resource (Kubernetes `ObjectReference`). Siderite looks at the name.
public struct ObjectReference: Codable, Hashable, Sendable {
  /// API group and version of what is referred to.
  public var apiVersion: String?
  /// Its kind.
  public var kind: String?
  /// Its namespace, where its kind lives in namespaces.
  public var namespace: String?
  /// Its name.
  public var name: String?
  /// Its uid.
  public var uid: String?
  /// The state of it that is meant; not looked at.
  public var resourceVersion: String?
  /// The part of it that is meant; not looked at.
  public var fieldPath: String?

  public init(apiVersion: String? = nil, kind: String? = nil, namespace: String? = nil, name: String? = nil) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }
}

/// How a BMC is reached. Credentials are written out or, better, taken from a Secret.
public struct BMC: Codable, Hashable, Sendable {
  /// Its address or name; of a Redfish service also a URL, of wake-on-LAN the machine's hardware address.
  public var endpoint: String
  /// 623 when absent.
  public var port: UInt32?
  /// The user's name, written out.
  public var user: String?
  /// Where the user's name is kept.
  public var userFrom: CredentialSource?
  /// The password, written out: whoever may read Servers may read it.
  public var pass: String?
  /// Where the password is kept.
  public var passFrom: CredentialSource?
  /// `lanplus` when absent.
  public var interface: String?

  public init(endpoint: String, port: UInt32? = nil) {
    self.endpoint = endpoint
    self.port = port
  }
}

/// Where a credential is kept.
public struct CredentialSource: Codable, Hashable, Sendable {
  public var secretKeyRef: SecretKeyRef?

  public init(secretKeyRef: SecretKeyRef?) { self.secretKeyRef = secretKeyRef }
}

/// A key of a Secret.
public struct SecretKeyRef: Codable, Hashable, Sendable {
  /// `default` when absent, as Sidero's documentation has it.
  public var namespace: String
  /// The Secret's name.
  public var name: String
  /// The key in it.
  public var key: String

  public init(namespace: String, name: String, key: String) {
    self.namespace = namespace
    self.name = name
    self.key = key
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    namespace = try container.decodeIfPresent(String.self, forKey: .namespace) ?? "default"
    name = try container.decode(String.self, forKey: .name)
    key = try container.decode(String.self, forKey: .key)
  }
}

/// A plain HTTP power interface: `POST /poweron`, `/poweroff`, `/reboot`, `/pxeboot`, `GET /status`.
public struct ManagementAPI: Codable, Hashable, Sendable {
  /// Host and port.
  public var endpoint: String

  public init(endpoint: String) { self.endpoint = endpoint }
}

/// One RFC 6902 operation on the machine configuration.
public struct ConfigPatch: Codable, Hashable, Sendable {
  /// What it does.
  public var op: String
  /// Where, as a JSON pointer (RFC 6901).
  public var path: String
  /// What `copy` and `move` take: an addition of Siderite's, without which Sidero's two operations cannot work.
  public var from: String?
  /// `.null` is a value: `add` may set it.
  public var value: JSONValue?

  public init(op: String, path: String, value: JSONValue? = nil, from: String? = nil) {
    self.op = op
    self.path = path
    self.value = value
    self.from = from
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    op = try container.decode(String.self, forKey: .op)
    path = try container.decode(String.self, forKey: .path)
    from = try container.decodeIfPresent(String.self, forKey: .from)
    value = container.contains(.value) ? try container.decode(JSONValue.self, forKey: .value) : nil
  }
}

/// An address of the running machine: type `InternalIP`, `Hostname`, ….
public struct NodeAddress: Codable, Hashable, Sendable {
  /// `InternalIP`, `ExternalIP`, `Hostname`, `InternalDNS` or `ExternalDNS`.
  public var type: String
  /// The address or name.
  public var address: String

  public init(type: String, address: String) {
    self.type = type
    self.address = address
  }
}
