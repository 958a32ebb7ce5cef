/// A machine of a Cluster API cluster: the Server that plays it. `infrastructure.cluster.x-k8s.io/v1alpha3`.
public typealias MetalMachine = Resource<MetalMachineKind>

/// The kind `MetalMachine`.
public enum MetalMachineKind: ResourceKind {
  public typealias Spec = MetalMachineSpec
  public typealias Status = MetalMachineStatus
  public static let apiVersion = "infrastructure.cluster.x-k8s.io/v1alpha3"
  public static let kind = "MetalMachine"
  public static let plural = "metalmachines"
  public static let isNamespaced = true
}

/// Which Server it is to be, and which it is.
public struct MetalMachineSpec: Codable, Hashable, Sendable {
  /// What the machine's Node is known by to Cluster API: `sidero://` and the Server's name. Set by Siderite.
  public var providerID: String?
  /// The Server. Set by Siderite where a class is given; set by the user it has to be that one.
  public var serverRef: ObjectReference?
  /// The ServerClass that the Server is taken from.
  public var serverClassRef: ObjectReference?

  public init(
    providerID: String? = nil, serverRef: ObjectReference? = nil, serverClassRef: ObjectReference? = nil
  ) {
    self.providerID = providerID
    self.serverRef = serverRef
    self.serverClassRef = serverClassRef
  }
}

/// What was observed of the machine.
public struct MetalMachineStatus: ResourceStatus {
  /// It has a Server, and what Cluster API needs of it is known.
  public var ready: Bool
  /// The machine's addresses: type `InternalIP` or `Hostname`.
  public var addresses: [NodeAddress]?
  /// Why it can never become ready, as one word of Cluster API's.
  public var failureReason: String?
  /// Why it can never become ready, as one sentence.
  public var failureMessage: String?
  /// The conditions of its ServerBinding (`TalosInstalled`, …), `ProviderSet`, and Siderite's `ServerAllocated`.
  public var conditions: [Condition]?
  /// Readiness in the words of Cluster API's contract v1beta2: an addition of Siderite's.
  public var initialization: InfrastructureInitialization?

  public init() { ready = false }

  private enum CodingKeys: String, CodingKey {
    case ready, addresses, failureReason, failureMessage, conditions, initialization
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    ready = try container.decodeIfPresent(Bool.self, forKey: .ready) ?? false
    addresses = try container.decodeIfPresent([NodeAddress].self, forKey: .addresses)
    failureReason = try container.decodeIfPresent(String.self, forKey: .failureReason)
    failureMessage = try container.decodeIfPresent(String.self, forKey: .failureMessage)
    conditions = try container.decodeIfPresent([Condition].self, forKey: .conditions)
    initialization = try container.decodeIfPresent(InfrastructureInitialization.self, forKey: .initialization)
  }
}
