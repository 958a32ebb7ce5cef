import BareMetal
import Kubernetes

/// What stands between a running Sidero and Siderite in its place, and what is to be changed on its objects.
///
/// The objects stay where they are: their kinds, names and fields are the same. Nothing is switched, wiped or released:
/// Siderite wipes on a recorded intent only, and Sidero's objects have none.
struct SideroTakeover {
  /// One thing that was looked at.
  struct Finding: Hashable {
    enum Verdict: String, Hashable {
      case ok
      /// To be known; nothing stands in the way.
      case note
      /// It must be set right by a person first.
      case obstacle
    }

    var verdict: Verdict
    var message: String
  }

  let client: KubernetesClient
  let store: any ResourceStore

  private static let namespace = "sidero-system"
  private static let deployments = ["sidero-controller-manager", "caps-controller-manager"]

  /// Looks at everything, and changes nothing.
  func findings() async throws -> [Finding] {
    var findings: [Finding] = []
    for name in Self.deployments { findings.append(try await controllers(name)) }
    findings += try await definitions()
    findings += try await objects()
    return findings
  }

  // MARK: Sidero's controllers

  private struct Deployment: Decodable, Sendable {
    struct Spec: Decodable {
      struct Template: Decodable {
        struct Pod: Decodable {
          struct Container: Decodable { var image: String? }
          var containers: [Container]
        }
        var spec: Pod
      }
      var replicas: Int?
      var template: Template
    }
    struct Status: Decodable { var replicas: Int? }
    var spec: Spec
    var status: Status?
  }

  /// Two who switch one machine are one too many.
  private func controllers(_ name: String) async throws(KubernetesError) -> Finding {
    let path = ResourcePath(apiVersion: "apps/v1", plural: "deployments", namespace: Self.namespace, name: name)
    guard let found = try await client.get(path, as: Deployment.self) else {
      return Finding(verdict: .ok, message: "Deployment \(name) is not there")
    }
    // Siderite's own, inside of the cluster, has the name that clusterctl's variables are made for.
    if found.spec.template.spec.containers.contains(where: { $0.image?.contains("siderite") == true }) {
      return Finding(verdict: .ok, message: "Deployment \(name) is Siderite's")
    }
    let (wanted, running) = (found.spec.replicas ?? 1, found.status?.replicas ?? 0)
    guard wanted == 0, running == 0 else {
      return Finding(
        verdict: .obstacle,
        message: "Deployment \(name) runs (\(running) replicas, \(wanted) wanted): "
          + "kubectl -n \(Self.namespace) scale deployment \(name) --replicas=0")
    }
    return Finding(verdict: .ok, message: "Deployment \(name) is stopped")
  }

  // MARK: The kinds

  private struct Definition: Decodable, Sendable {
    struct Spec: Decodable {
      struct Version: Decodable {
        var name: String
        var served: Bool
        var storage: Bool
      }
      struct Conversion: Decodable {
        struct Webhook: Decodable {
          struct Client: Decodable {
            struct Service: Decodable {
              var namespace: String
              var name: String
            }
            var service: Service?
            var url: String?
          }
          var clientConfig: Client?
        }
        var strategy: String
        var webhook: Webhook?
      }
      var versions: [Version]
      var conversion: Conversion?
    }
    var spec: Spec
  }

  private func definitions() async throws -> [Finding] {
    let kinds: [any ResourceKind.Type] = [
      EnvironmentKind.self, ServerKind.self, ServerClassKind.self, ServerBindingKind.self,
    ]
    var findings: [Finding] = []
    for kind in kinds {
      let parts = kind.apiVersion.split(separator: "/")
      let name = "\(kind.plural).\(parts.first ?? "")"
      let path = ResourcePath(
        apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", namespace: nil, name: name)
      guard let found = try await client.get(path, as: Definition.self) else {
        findings.append(Finding(verdict: .obstacle, message: "CustomResourceDefinition \(name) is not there"))
        continue
      }
      guard found.spec.versions.contains(where: { parts.last.map { String($0) } == $0.name && $0.served }) else {
        findings.append(Finding(verdict: .obstacle, message: "\(name) is not served as \(kind.apiVersion)"))
        continue
      }
      if let service = found.spec.conversion?.webhook?.clientConfig?.service,
        Self.deployments.contains(where: { service.name.hasPrefix($0) || service.name.hasPrefix("sidero-webhook") })
      {
        findings.append(
          Finding(
            verdict: .obstacle,
            message:
              "\(name) is converted by Sidero's webhook (\(service.namespace)/\(service.name)), which is stopped: "
              + "apply Siderite's infrastructure-components.yaml"))
      } else {
        findings.append(Finding(verdict: .ok, message: "\(name) is served as \(kind.apiVersion)"))
      }
    }
    return findings
  }

  // MARK: The objects

  private func objects() async throws -> [Finding] {
    var findings: [Finding] = []
    let servers = try await store.list(ServerKind.self).items
    let bindings = try await store.list(ServerBindingKind.self).items
    let names = Set(servers.map(\.metadata.name))
    let bound = Set(bindings.map(\.metadata.name))
    let accepted = servers.filter(\.spec.accepted)
    findings.append(
      Finding(
        verdict: .ok,
        message: "\(servers.count) Servers, \(accepted.count) of them accepted, \(bindings.count) in use"))
    for binding in bindings where !names.contains(binding.metadata.name) {
      findings.append(
        Finding(verdict: .note, message: "ServerBinding \(binding.metadata.name) is of no Server that is there"))
    }
    for server in servers {
      let name = server.metadata.name
      if server.metadata.deletionTimestamp != nil {
        findings.append(Finding(verdict: .obstacle, message: "Server \(name) is being deleted: let that end first"))
      }
      if bound.contains(name) { continue }
      if server.spec.accepted, !server.status.isClean {
        findings.append(
          Finding(
            verdict: .note,
            message: "Server \(name) is free and not clean: it is wiped when it has booted Siderite's agent once, "
              + "as accepted Servers are; take acceptance back if it should not be"))
      }
      if server.spec.bmc == nil, server.spec.managementApi == nil {
        findings.append(Finding(verdict: .note, message: "Server \(name) has no BMC: it is switched by hand"))
      }
    }
    let elsewhere = Set(servers.flatMap(\.secretNames).map(\.namespace)).subtracting([Self.namespace])
    for namespace in elsewhere.sorted() {
      findings.append(
        Finding(
          verdict: .note,
          message: "credentials of BMCs are in namespace \(namespace): Siderite's role must allow it to read them there"
        ))
    }
    return findings
  }

  // MARK: The change

  /// Servers that no boot host has been noted for.
  func unseen() async throws(StoreError) -> [Server] {
    try await store.list(ServerKind.self).items.filter { $0.metadata.bootHost == nil }
  }

  /// Notes that `host` looks after the Server: nothing else is changed.
  func assign(_ name: String, to host: String) async throws(StoreError) {
    for _ in 0..<8 {
      guard var server = try await store.get(ServerKind.self, named: name), server.metadata.bootHost == nil else {
        return
      }
      server.metadata.setBootHost(host)
      do throws(StoreError) {
        _ = try await store.update(server)
        return
      } catch {
        guard case .conflict = error else { throw error }
      }
    }
    throw .conflict(kind: ServerKind.kind, name: name)
  }

  /// Holds a binding, so that its deletion is a release also when no boot host runs at that moment.
  func hold(_ name: String) async throws(StoreError) {
    for _ in 0..<8 {
      guard var binding = try await store.get(ServerBindingKind.self, named: name),
        binding.metadata.deletionTimestamp == nil,
        binding.metadata.finalizers?.contains(ServerBinding.releaseFinalizer) != true
      else { return }
      binding.metadata.finalizers = (binding.metadata.finalizers ?? []) + [ServerBinding.releaseFinalizer]
      do throws(StoreError) {
        _ = try await store.update(binding)
        return
      } catch {
        guard case .conflict = error else { throw error }
      }
    }
    throw .conflict(kind: ServerBindingKind.kind, name: name)
  }
}
