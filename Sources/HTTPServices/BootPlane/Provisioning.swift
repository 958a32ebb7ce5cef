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
  private let patcher: MachineConfigPatcher
  private let patched = PatchedConfigs()
  private let journal: any BootEventSink
  private let hardwareAddress: @Sendable (IPAddress) -> MACAddress?

  /// - Parameters:
  ///   - parser: reads configurations and patches; what it has read is remembered here.
  ///   - hardwareAddress: of a neighbour on our links, where it is known.
  public init(
    store: any ResourceStore, secrets: any SecretStore, journal: any BootEventSink, parser: any ConfigParser,
    now: @escaping @Sendable () -> Timestamp,
    hardwareAddress: @escaping @Sendable (IPAddress) -> MACAddress? = { _ in nil }
  ) {
    self.store = store
    self.secrets = secrets
    self.journal = journal
    patcher = MachineConfigPatcher(parser: CachingConfigParser(parser))
    self.now = now
    self.hardwareAddress = hardwareAddress
    tokens = BootTokens(secrets: secrets, now: now)
  }

  /// The second line beside the token: where the kernel knows whose network card asks, it must be one of the Server's.
  /// Behind a router it does not know, and before discovery nobody does.
  func check(_ address: IPAddress?, isOf server: Server) throws(Refusal) {
    guard let address, let mac = hardwareAddress(address) else { return }
    let cards = (server.spec.hardware?.network?.interfaces ?? []).compactMap { $0.mac.flatMap { MACAddress($0) } }
    guard !cards.isEmpty, !cards.contains(mac) else { return }
    throw Refusal(.forbidden, "\(address) has the hardware address \(mac), which is none of this Server's")
  }

  /// The text of the machine configuration before any patch.
  func baseConfiguration(of binding: ServerBinding) async throws -> String {
    if binding.machineKey != nil, binding.spec.configRef == nil { return try await bootstrapData(of: binding) }
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

  /// What Cluster API made, as it was copied here ahead of time: the management cluster is not asked.
  private func bootstrapData(of binding: ServerBinding) async throws -> String {
    let copy = try await secrets.secret(.bootstrapData(ofServer: binding.metadata.name))
    if let text = copy?[BootstrapData.valueKey], copy?[BootstrapData.bindingKey] == Secret(binding.allocationID) {
      return text.exposedText
    }
    switch try await BootstrapData.Place(of: binding, in: store) {
    case .missing(let reason)?: throw Refusal(.notFound, reason)
    case .secret(let source)?:
      throw Refusal(
        .preconditionFailed,
        "its configuration, Secret \(source.namespace)/\(source.name), key \(BootstrapData.valueKey), "
          + "has not come to this boot host yet", retryAfterSeconds: Self.copyRetrySeconds)
    case nil:
      throw Refusal(.notFound, "ServerBinding \(binding.metadata.name) names no machine configuration")
    }
  }

  /// After which a machine may ask again whose configuration is still to come.
  private static let copyRetrySeconds = 10

  /// The machine configuration, patched.
  /// - Throws: `Refusal` where there is none, ``MachineConfigError`` where it cannot be patched.
  func patchedConfiguration(
    for machine: BootContext, _ sideroLink: SideroLinkEndpoint?
  ) async throws -> PatchedMachineConfig {
    guard let server = machine.server, let binding = machine.binding else {
      throw Refusal(.notFound, "the Server is not allocated")
    }
    let base = try await baseConfiguration(of: binding)
    return try patched.config(
      of: MachineConfigInput(
        base: base, server: server, serverClass: machine.serverClass, sideroLink: sideroLink), patcher)
  }

  /// What the machine gets. Patches that do not apply are a condition of its Server, until they do.
  func configuration(for machine: BootContext, _ sideroLink: SideroLinkEndpoint?) async throws -> String {
    let name = machine.server?.metadata.name ?? ""
    do {
      let patched = try await patchedConfiguration(for: machine, sideroLink)
      if machine.server?.status.conditions?.contains(where: { $0.type == Self.patchedCondition && $0.status != .true })
        == true
      {
        try await setCondition(
          Condition(type: Self.patchedCondition, status: .true, lastTransitionTime: now()), ofServer: name)
      }
      return patched.text
    } catch let error as MachineConfigError {
      let message = PlainText.line(error.description)
      try await setCondition(
        Condition(
          type: Self.patchedCondition, status: .false, severity: "Error", lastTransitionTime: now(),
          reason: "PatchFailed", message: message), ofServer: name)
      journal.report(
        .lifecycle(
          reason: "Server Configuration", message: "its configuration cannot be made: \(message)", isWarning: true),
        of: BootSubject(uuid: SystemUUID(name)))
      throw Refusal(.unprocessableContent, message)
    }
  }

  /// A Server's condition: its configuration could be patched when it was last asked for.
  static let patchedCondition = "ConfigPatched"

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
