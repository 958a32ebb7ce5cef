/// The infrastructure of a Cluster API cluster: its address. `infrastructure.cluster.x-k8s.io/v1alpha3`.
public typealias MetalCluster = Resource<MetalClusterKind>

/// The kind `MetalCluster`.
public enum MetalClusterKind: ResourceKind {
  public typealias Spec = MetalClusterSpec
  public typealias Status = MetalClusterStatus
  public static let apiVersion = "infrastructure.cluster.x-k8s.io/v1alpha3"
  public static let kind = "MetalCluster"
  public static let plural = "metalclusters"
  public static let isNamespaced = true
}

/// Where the cluster's API will be.
public struct MetalClusterSpec: Codable, Hashable, Sendable {
  /// The address of the control plane: a load balancer, a virtual address or a DNS name that the user provides.
  public var controlPlaneEndpoint: ControlPlaneEndpoint?

  public init(controlPlaneEndpoint: ControlPlaneEndpoint? = nil) { self.controlPlaneEndpoint = controlPlaneEndpoint }
}

/// Where a cluster's API answers (Cluster API `APIEndpoint`). Cluster API writes an empty host and port 0 for none.
public struct ControlPlaneEndpoint: Codable, Hashable, Sendable {
  /// An IP address or a DNS name.
  public var host: String
  /// The TCP port, mostly 6443.
  public var port: Int32

  public init(host: String, port: Int32) {
    self.host = host
    self.port = port
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    host = try container.decodeIfPresent(String.self, forKey: .host) ?? ""
    port = try container.decodeIfPresent(Int32.self, forKey: .port) ?? 0
  }
}

/// What was observed of the cluster's infrastructure.
public struct MetalClusterStatus: ResourceStatus {
  /// Machines may be made: it belongs to a Cluster.
  public var ready: Bool
  /// The same in the words of Cluster API's contract v1beta2: an addition of Siderite's.
  public var initialization: InfrastructureInitialization?

  public init() { ready = false }

  private enum CodingKeys: String, CodingKey {
    case ready, initialization
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    ready = try container.decodeIfPresent(Bool.self, forKey: .ready) ?? false
    initialization = try container.decodeIfPresent(InfrastructureInitialization.self, forKey: .initialization)
  }
}

/// How far the infrastructure has come (Cluster API, contract v1beta2).
public struct InfrastructureInitialization: Codable, Hashable, Sendable {
  /// Provisioned for the first time, and so for ever.
  public var provisioned: Bool?

  public init(provisioned: Bool? = nil) { self.provisioned = provisioned }
}
