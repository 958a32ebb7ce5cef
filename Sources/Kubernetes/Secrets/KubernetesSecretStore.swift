public import BareMetal
import FoundationEssentials

/// Secrets in a Kubernetes cluster (core/v1 `Secret`), one at a time by name: the rights it takes are get, create, patch
/// and delete, and never list.
public final class KubernetesSecretStore: SecretStore {
  /// `clusterctl move` takes along what has it.
  static let moveLabel = "clusterctl.cluster.x-k8s.io/move"
  /// Attempts at what somebody else changes in between.
  private static let attempts = 8

  private let client: KubernetesClient
  private let owner: @Sendable (SecretName) async -> OwnerReference?

  /// - Parameter owner: what a Secret goes with when that is deleted; asked when one is made.
  public init(
    _ client: KubernetesClient, owner: @escaping @Sendable (SecretName) async -> OwnerReference? = { _ in nil }
  ) {
    self.client = client
    self.owner = owner
  }

  public func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    guard let path = Self.path(name) else { return nil }
    return try await stored(path, name)?.values
  }

  public func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    guard let path = Self.path(name) else {
      throw .invalid(kind: "Secret", name: name.name, message: ResourceName.rule)
    }
    for _ in 0..<Self.attempts {
      do throws(KubernetesError) {
        if try await write(values, name, path) { return }
      } catch {
        throw Self.storeError(error, name)
      }
    }
    throw .conflict(kind: "Secret", name: name.name)
  }

  /// - Returns: `false` where somebody else was faster, and it is to be tried again.
  private func write(
    _ values: [String: Secret]?, _ name: SecretName, _ path: ResourcePath
  ) async throws(KubernetesError) -> Bool {
    do throws(KubernetesError) {
      guard let stored = try await client.get(path, as: SecretObject.self) else {
        guard let values else { return true }
        let new = SecretObject(name, values, owner: await owner(name), label: Self.moveLabel)
        // The answer's values are not looked at: decoding less keeps them out of memory.
        _ = try await client.create(new, in: path.collection, as: SecretObject.Head.self)
        return true
      }
      let conditions = KubernetesPreconditions(
        uid: stored.metadata.uid, resourceVersion: stored.metadata.resourceVersion)
      guard let values else {
        try await client.delete(path, if: conditions)
        return true
      }
      guard let patch = stored.patch(to: values, label: Self.moveLabel) else { return true }
      _ = try await client.patch(path, .merge(patch), as: SecretObject.Head.self)
      return true
    } catch {
      switch error.reason {
      case .alreadyExists, .conflict: return false
      case .notFound where error.status == 404 && values == nil: return true
      // Whether it was done is seen by reading it; the next round writes only what differs.
      case .noAnswer where error.mayHaveBeenDone: return false
      default: throw error
      }
    }
  }

  private func stored(_ path: ResourcePath, _ name: SecretName) async throws(StoreError) -> SecretObject? {
    do throws(KubernetesError) {
      return try await client.get(path, as: SecretObject.self)
    } catch {
      throw Self.storeError(error, name)
    }
  }

  private static func path(_ name: SecretName) -> ResourcePath? {
    guard ResourceName.isValid(name.name), ResourceName.isValid(name.namespace) else { return nil }
    return ResourcePath(apiVersion: "v1", plural: "secrets", namespace: name.namespace, name: name.name)
  }

  private static func storeError(_ error: KubernetesError, _ name: SecretName) -> StoreError {
    // What is missing where a Secret is made is its namespace.
    error.reason == .notFound
      ? .unavailable(message: "\(error.message): is there a namespace \(name.namespace)?")
      : error.asStoreError(kind: "Secret", name: name.name)
  }
}

extension KubernetesSecretStore {
  /// Lets what belongs to a Server go with it: the owner of `<server>-bmc` and the like is that Server.
  public static func serverOwner(
    in store: any ResourceStore
  ) -> @Sendable (SecretName) async -> OwnerReference? {
    { name in
      // Longest first: a Server's name may end like one of them.
      for suffix in ["-bmc-pending", "-config", "-boot", "-wipe", "-bmc"] where name.name.hasSuffix(suffix) {
        let server = String(name.name.dropLast(suffix.count))
        guard let found = try? await store.get(ServerKind.self, named: server), let uid = found.metadata.uid else {
          continue
        }
        return OwnerReference(apiVersion: ServerKind.apiVersion, kind: ServerKind.kind, name: server, uid: uid)
      }
      return nil
    }
  }
}
