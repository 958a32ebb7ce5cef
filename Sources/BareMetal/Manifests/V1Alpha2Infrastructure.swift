/// `infrastructure.cluster.x-k8s.io/v1alpha2`, of Cluster API's second version (2019): Sidero serves it to this day.
enum V1Alpha2Infrastructure {
  static let apiVersion = "infrastructure.cluster.x-k8s.io/v1alpha2"

  /// Where the cluster's API will be.
  struct MetalClusterSpec: Codable, Hashable {
    /// The addresses of the control plane: one, what is called `controlPlaneEndpoint` today.
    var apiEndpoints: [ControlPlaneEndpoint]?
  }

  /// What was observed of the cluster's infrastructure.
  struct MetalClusterStatus: Codable, Hashable {
    /// Machines may be made: it belongs to a Cluster.
    var ready: Bool?
    /// The addresses of the control plane, again.
    var apiEndpoints: [ControlPlaneEndpoint]?
  }

  /// Which Server it is to be, and which it is.
  struct MetalMachineSpec: Codable, Hashable {
    /// What the machine's Node is known by to Cluster API: `sidero://` and the Server's name.
    var providerID: String?
    /// The Server.
    var serverRef: ObjectReference?
  }

  /// What was observed of the machine.
  struct MetalMachineStatus: Codable, Hashable {
    /// It has a Server, and what Cluster API needs of it is known.
    var ready: Bool?
    /// What is called `failureReason` today.
    var errorReason: String?
    /// What is called `failureMessage` today.
    var errorMessage: String?
  }

  /// The template.
  struct MetalMachineTemplateSpec: Codable, Hashable {
    /// What every machine made of it is like.
    var template: MetalMachineTemplateResource
  }

  /// A MetalMachine that has no name yet.
  struct MetalMachineTemplateResource: Codable, Hashable {
    /// The MetalMachines' spec.
    var spec: MetalMachineSpec
  }
}

extension MetalClusterKind {
  public static func spec(
    _ older: JSONValue, of version: String, hub: MetalClusterSpec?, recording trace: ManifestTrace
  ) -> MetalClusterSpec? {
    guard let older = trace.value(V1Alpha2Infrastructure.MetalClusterSpec.self, from: older, at: "spec") else {
      return nil
    }
    let endpoints = older.apiEndpoints ?? []
    guard endpoints.count <= 1 else {
      // Sidero takes the first and forgets the others.
      let message =
        "has \(endpoints.count) entries, and a cluster has one controlPlaneEndpoint: put a load balancer there"
      trace.record(FieldProblem(path: "spec.apiEndpoints", message: message))
      return nil
    }
    var spec = hub ?? MetalClusterSpec()
    // An endpoint that is not one yet is not in the older version at all.
    if let endpoint = endpoints.first {
      spec.controlPlaneEndpoint = endpoint
    } else if spec.controlPlaneEndpoint?.isSet == true {
      spec.controlPlaneEndpoint = nil
    }
    return spec
  }

  public static func olderSpec(_ spec: MetalClusterSpec, version: String) -> JSONValue {
    JSONValue(encoding: V1Alpha2Infrastructure.MetalClusterSpec(apiEndpoints: endpoints(of: spec)))
  }

  public static func status(_ older: JSONValue?, of version: String, hub: JSONValue?) -> JSONValue? {
    guard let older else { return hub }
    var fields = hub?.fields ?? [:]
    fields["ready"] = older.fields["ready"]
    return .object(fields)
  }

  public static func olderStatus(_ status: JSONValue?, of spec: MetalClusterSpec, version: String) -> JSONValue? {
    guard let status else { return nil }
    var fields: [String: JSONValue] = [:]
    fields["ready"] = status.fields["ready"]
    fields["apiEndpoints"] = endpoints(of: spec).map { JSONValue(encoding: $0) }
    return .object(fields)
  }

  private static func endpoints(of spec: MetalClusterSpec) -> [ControlPlaneEndpoint]? {
    spec.controlPlaneEndpoint.flatMap { $0.isSet ? [$0] : nil }
  }

  public static func todaysName(ofField field: String) -> String {
    field == "apiEndpoints" ? "controlPlaneEndpoint" : field
  }

  public static func specType(of version: String) -> any Decodable.Type {
    version == apiVersion ? Spec.self : V1Alpha2Infrastructure.MetalClusterSpec.self
  }

  public static func statusType(of version: String) -> any Decodable.Type {
    version == apiVersion ? Status.self : V1Alpha2Infrastructure.MetalClusterStatus.self
  }
}

extension ControlPlaneEndpoint {
  fileprivate var isSet: Bool { !host.isEmpty || port != 0 }
}

extension MetalMachineKind {
  public static func spec(
    _ older: JSONValue, of version: String, hub: MetalMachineSpec?, recording trace: ManifestTrace
  ) -> MetalMachineSpec? {
    guard let older = trace.value(V1Alpha2Infrastructure.MetalMachineSpec.self, from: older, at: "spec") else {
      return nil
    }
    return older.today(over: hub)
  }

  public static func olderSpec(_ spec: MetalMachineSpec, version: String) -> JSONValue {
    JSONValue(encoding: V1Alpha2Infrastructure.MetalMachineSpec(spec))
  }

  public static func status(_ older: JSONValue?, of version: String, hub: JSONValue?) -> JSONValue? {
    guard let older else { return hub }
    var fields = hub?.fields ?? [:]
    for (name, olderName) in statusNames { fields[name] = older.fields[olderName] }
    return .object(fields)
  }

  public static func olderStatus(_ status: JSONValue?, of spec: MetalMachineSpec, version: String) -> JSONValue? {
    guard let status else { return nil }
    var fields: [String: JSONValue] = [:]
    for (name, olderName) in statusNames { fields[olderName] = status.fields[name] }
    return .object(fields)
  }

  /// Today's, and the older ones.
  private static let statusNames = [
    ("ready", "ready"), ("failureReason", "errorReason"), ("failureMessage", "errorMessage"),
  ]

  public static func specType(of version: String) -> any Decodable.Type {
    version == apiVersion ? Spec.self : V1Alpha2Infrastructure.MetalMachineSpec.self
  }

  public static func statusType(of version: String) -> any Decodable.Type {
    version == apiVersion ? Status.self : V1Alpha2Infrastructure.MetalMachineStatus.self
  }
}

extension MetalMachineTemplateKind {
  public static func spec(
    _ older: JSONValue, of version: String, hub: MetalMachineTemplateSpec?, recording trace: ManifestTrace
  ) -> MetalMachineTemplateSpec? {
    let type = V1Alpha2Infrastructure.MetalMachineTemplateSpec.self
    guard let older = trace.value(type, from: older, at: "spec") else { return nil }
    return MetalMachineTemplateSpec(
      template: MetalMachineTemplateResource(spec: older.template.spec.today(over: hub?.template.spec)))
  }

  public static func olderSpec(_ spec: MetalMachineTemplateSpec, version: String) -> JSONValue {
    JSONValue(
      encoding: V1Alpha2Infrastructure.MetalMachineTemplateSpec(
        template: V1Alpha2Infrastructure.MetalMachineTemplateResource(
          spec: V1Alpha2Infrastructure.MetalMachineSpec(spec.template.spec))))
  }

  public static func specType(of version: String) -> any Decodable.Type {
    version == apiVersion ? Spec.self : V1Alpha2Infrastructure.MetalMachineTemplateSpec.self
  }
}

extension V1Alpha2Infrastructure.MetalMachineSpec {
  fileprivate init(_ spec: MetalMachineSpec) { self.init(providerID: spec.providerID, serverRef: spec.serverRef) }

  /// In today's words, with the class of `hub`.
  fileprivate func today(over hub: MetalMachineSpec?) -> MetalMachineSpec {
    MetalMachineSpec(providerID: providerID, serverRef: serverRef, serverClassRef: hub?.serverClassRef)
  }
}
