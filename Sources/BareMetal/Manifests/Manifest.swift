/// A resource of any kind that people write manifests of.
public enum Manifest: Hashable, Sendable {
  case environment(Environment)
  case server(Server)
  case serverClass(ServerClass)
  case serverBinding(ServerBinding)
  case metalCluster(MetalCluster)
  case metalMachine(MetalMachine)
  case metalMachineTemplate(MetalMachineTemplate)

  /// The kinds there are, in the order in which they refer to each other.
  public static let kinds: [any ManifestKind.Type] = [
    EnvironmentKind.self, ServerClassKind.self, ServerKind.self, MetalClusterKind.self, MetalMachineTemplateKind.self,
    MetalMachineKind.self, ServerBindingKind.self,
  ]

  public var kind: any ManifestKind.Type {
    switch self {
    case .environment: EnvironmentKind.self
    case .server: ServerKind.self
    case .serverClass: ServerClassKind.self
    case .serverBinding: ServerBindingKind.self
    case .metalCluster: MetalClusterKind.self
    case .metalMachine: MetalMachineKind.self
    case .metalMachineTemplate: MetalMachineTemplateKind.self
    }
  }

  public var metadata: ObjectMeta {
    switch self {
    case .environment(let resource): resource.metadata
    case .server(let resource): resource.metadata
    case .serverClass(let resource): resource.metadata
    case .serverBinding(let resource): resource.metadata
    case .metalCluster(let resource): resource.metadata
    case .metalMachine(let resource): resource.metadata
    case .metalMachineTemplate(let resource): resource.metadata
    }
  }

  /// The resource as it stands in a document of that version, today's when `nil`. See ``Resource/document(version:)``.
  public func document(version: String? = nil) -> JSONValue {
    switch self {
    case .environment(let resource): resource.document(version: version)
    case .server(let resource): resource.document(version: version)
    case .serverClass(let resource): resource.document(version: version)
    case .serverBinding(let resource): resource.document(version: version)
    case .metalCluster(let resource): resource.document(version: version)
    case .metalMachine(let resource): resource.document(version: version)
    case .metalMachineTemplate(let resource): resource.document(version: version)
    }
  }
}

extension ManifestKind {
  /// Whether a document may say that it is of this version.
  public static func knows(version: String) -> Bool { version == apiVersion || olderVersions.contains(version) }
}
