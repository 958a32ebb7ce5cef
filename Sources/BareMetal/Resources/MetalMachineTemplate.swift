/// What Cluster API makes MetalMachines of. `infrastructure.cluster.x-k8s.io/v1alpha3`. Never changed: a set of machines
/// that is to be other than it was gets another template.
public typealias MetalMachineTemplate = Resource<MetalMachineTemplateKind>

/// The kind `MetalMachineTemplate`.
public enum MetalMachineTemplateKind: ResourceKind {
  public typealias Spec = MetalMachineTemplateSpec
  public typealias Status = MetalMachineTemplateStatus
  public static let apiVersion = "infrastructure.cluster.x-k8s.io/v1alpha3"
  public static let kind = "MetalMachineTemplate"
  public static let plural = "metalmachinetemplates"
  public static let isNamespaced = true
}

/// The template.
public struct MetalMachineTemplateSpec: Codable, Hashable, Sendable {
  /// What every machine made of it is like.
  public var template: MetalMachineTemplateResource

  public init(template: MetalMachineTemplateResource) { self.template = template }
}

/// A MetalMachine that has no name yet.
public struct MetalMachineTemplateResource: Codable, Hashable, Sendable {
  /// The MetalMachines' spec.
  public var spec: MetalMachineSpec

  public init(spec: MetalMachineSpec) { self.spec = spec }
}

/// Nothing is observed of a template.
public struct MetalMachineTemplateStatus: ResourceStatus {
  public init() {}

  public var isExactInJSON: Bool { true }
}
