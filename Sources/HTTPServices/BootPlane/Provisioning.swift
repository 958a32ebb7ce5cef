public import BareMetal
import HTTPTypes
public import Wire

/// How a machine gets its configuration: makes the token that its boot script carries, knows who shows it, and puts the
/// configuration together.
public final class Provisioning: Sendable {
  /// Reads and writes of one object before giving up against others that change it too.
  private static let attempts = 8

  let store: any ResourceStore
  let secrets: any SecretStore
  let tokens: BootTokens
  let now: @Sendable () -> Timestamp
  private let hardwareAddress: @Sendable (IPv4Address) -> MACAddress?

  /// - Parameters:
  ///   - hardwareAddress: of a neighbour on our links, where it is known.
  public init(
    store: any ResourceStore, secrets: any SecretStore, now: @escaping @Sendable () -> Timestamp,
    hardwareAddress: @escaping @Sendable (IPv4Address) -> MACAddress? = { _ in nil }
  ) {
    self.store = store
    self.secrets = secrets
    self.now = now
    self.hardwareAddress = hardwareAddress
    tokens = BootTokens(secrets: secrets, now: now)
  }

  /// The second line beside the token: where the kernel knows whose network card asks, it must be one of the Server's.
  /// Behind a router it does not know, and before discovery nobody does.
  func check(_ address: IPv4Address?, isOf server: Server) throws(Refusal) {
    guard let address, let mac = hardwareAddress(address) else { return }
    let cards = (server.spec.hardware?.network?.interfaces ?? []).compactMap { $0.mac.flatMap { MACAddress($0) } }
    guard !cards.isEmpty, !cards.contains(mac) else { return }
    throw Refusal(.forbidden, "\(address) has the hardware address \(mac), which is none of this Server's")
  }

  /// The text of the machine configuration before any patch.
  func baseConfiguration(of binding: ServerBinding) async throws -> String {
    guard let reference = binding.spec.configRef else {
      throw Refusal(.notFound, "ServerBinding \(binding.metadata.name) names no machine configuration")
    }
    let place = SecretName(namespace: reference.namespace, name: reference.name)
    guard let text = try await secrets.secret(place)?[reference.key] else {
      throw Refusal(
        .notFound, "there is no machine configuration in Secret \(place.namespace)/\(place.name), key \(reference.key)")
    }
    return text.exposedText
  }

  /// What the machine gets.
  func configuration(for machine: BootContext) async throws -> String {
    guard let binding = machine.binding else { throw Refusal(.notFound, "the Server is not allocated") }
    return try await baseConfiguration(of: binding)
  }

  /// Sets conditions of a binding, if it is still the same allocation.
  func setConditions(_ conditions: [Condition], of binding: ServerBinding) async throws {
    for _ in 0..<Self.attempts {
      guard var current = try await store.get(ServerBindingKind.self, named: binding.metadata.name),
        current.metadata.uid == binding.metadata.uid
      else { throw Refusal(.notFound, "the Server is not allocated any more") }
      guard current.status.conditions.set(conditions) else { return }
      do {
        _ = try await store.updateStatus(current)
        return
      } catch StoreError.conflict {
        continue
      }
    }
    throw Refusal(
      .serviceUnavailable, "the ServerBinding is being changed by others: try again",
      retryAfterSeconds: Refusal.storeRetrySeconds)
  }

  /// Sets a condition of a Server, if it is there.
  func setCondition(_ condition: Condition, ofServer name: String) async throws(StoreError) {
    for _ in 0..<Self.attempts {
      guard var current = try await store.get(ServerKind.self, named: name),
        current.status.conditions.set([condition])
      else { return }
      do {
        _ = try await store.updateStatus(current)
        return
      } catch .conflict {
        continue
      }
    }
  }
}

extension Optional<[Condition]> {
  /// Puts conditions in place of those of their types.
  /// - Returns: whether that changes anything but times.
  fileprivate mutating func set(_ conditions: [Condition]) -> Bool {
    var (all, isChanged) = (self ?? [], false)
    for var condition in conditions {
      guard let index = all.firstIndex(where: { $0.type == condition.type }) else {
        all.append(condition)
        isChanged = true
        continue
      }
      let old = all[index]
      if old.status == condition.status { condition.lastTransitionTime = old.lastTransitionTime }
      guard condition != old else { continue }
      all[index] = condition
      isChanged = true
    }
    self = all
    return isChanged
  }
}
