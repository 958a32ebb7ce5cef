/// The allocation of a Server, of the Server's name: `infrastructure.cluster.x-k8s.io/v1alpha3`.
///
/// While it is there the Server is in use. Its deletion is the release: that, and nothing else, makes a machine that was
/// in use be wiped.
public typealias ServerBinding = Resource<ServerBindingKind>

/// The kind `ServerBinding`.
public enum ServerBindingKind: ResourceKind {
  public typealias Spec = ServerBindingSpec
  public typealias Status = ServerBindingStatus
  public static let apiVersion = "infrastructure.cluster.x-k8s.io/v1alpha3"
  public static let kind = "ServerBinding"
  public static let plural = "serverbindings"
}

/// For whom, from which class, with which configuration.
public struct ServerBindingSpec: Codable, Hashable, Sendable {
  /// The class it was allocated from: whose patches and Environment count.
  public var serverClassRef: ObjectReference?
  /// The Cluster API machine; none when a person allocated it.
  public var metalMachineRef: ObjectReference?
  /// The machine's end of its SideroLink tunnel, where there is one.
  public var siderolink: SideroLinkAddress?
  /// The running machine's addresses.
  public var addresses: [String]?
  /// The running machine's name.
  public var hostname: String?
  /// The machine configuration, where no Cluster API machine says: an addition of Siderite's.
  public var configRef: SecretKeyRef?

  public init(
    serverClassRef: ObjectReference? = nil, metalMachineRef: ObjectReference? = nil, configRef: SecretKeyRef? = nil
  ) {
    self.serverClassRef = serverClassRef
    self.metalMachineRef = metalMachineRef
    self.configRef = configRef
  }
}

/// The machine's end of its SideroLink tunnel.
public struct SideroLinkAddress: Codable, Hashable, Sendable {
  /// Its address in the tunnel.
  public var address: String?
  /// Its WireGuard key.
  public var publicKey: String?

  public init(address: String? = nil, publicKey: String? = nil) {
    self.address = address
    self.publicKey = publicKey
  }
}

/// What was observed of the allocated machine.
public struct ServerBindingStatus: ResourceStatus {
  /// The Server is there.
  public var ready: Bool
  /// `TalosInstalled`, `TalosConfigLoaded`, …
  public var conditions: [Condition]?

  public init() { ready = false }

  private enum CodingKeys: String, CodingKey {
    case ready, conditions
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    ready = try container.decodeIfPresent(Bool.self, forKey: .ready) ?? false
    conditions = try container.decodeIfPresent([Condition].self, forKey: .conditions)
  }
}
