import BareMetal
import FoundationEssentials
import HTTPServices
import Kubernetes
import Logging
import Reconcilers
import ServiceLifecycle
import Wire

extension Daemon {
  /// What the cluster knows this host by.
  var bootHost: String { configuration.bootHost ?? Self.hostName }

  /// The first part of the host's name, in lower case; what a name cannot have becomes `-`.
  private static var hostName: String {
    let name = ProcessInfo.processInfo.hostName.split(separator: ".").first.map { String($0) }
    return ResourceName.fitting(name ?? "") ?? "boot-host"
  }

  func openStores(_ cluster: ManagementCluster?, _ leading: LeadingFlag, _ logger: Logger) async throws(StoreError)
    -> Stores
  {
    guard let cluster else {
      return try Stores(directory: configuration.stateDirectory, syncsLeases: configuration.syncLeases)
    }
    return try await Stores(
      directory: configuration.stateDirectory, syncsLeases: configuration.syncLeases, cluster: cluster, logger: logger,
      showsOwnStatus: { leading.isSet })
  }

  /// Serves what was served before, where it is known what that was; no network is needed.
  func prepare(_ environments: Environments, _ stores: Stores, _ known: Gate) async throws {
    if let mirror = stores.mirror {
      guard mirror.problem == nil else { return }
      try await environments.reconciler.serveKept()
    } else {
      try await environments.reconciler.prepare()
    }
    known.open()
  }

  /// What keeps the mirror true, and who leads.
  /// - Parameter election: what must run for it to be known who leads.
  func mirroring(_ parts: Parts, _ election: [any Service]) -> [any Service] {
    guard let cluster = parts.cluster, let mirror = parts.stores.mirror else { return [] }
    parts.metrics.onScrape { mirror.recordGauges() }
    parts.startup.require(ReadinessCheck("cluster") { mirror.problem })
    parts.logger.notice(
      "Resources are kept in the cluster",
      metadata: ["cluster": "\(cluster.origin)", "bootHost": "\(bootHost)", "known": "\(mirror.summary)"])
    let reader = MirrorReader(
      store: parts.stores, environments: parts.environments, known: parts.known, logger: parts.logger)
    return election + [mirror, reader] + webhooks(cluster, parts)
  }

  /// What the cluster's API server asks about our kinds.
  private func webhooks(_ cluster: ManagementCluster, _ parts: Parts) -> [any Service] {
    let isInside = configuration.cluster?.access == .inCluster
    let address = (configuration.apiEndpoint.map { .v4($0) } ?? parts.addresses.first)?.description
    let webhooks = Webhooks(
      configuration: configuration.webhook, host: isInside ? nil : configuration.webhook.endpoint ?? address,
      secrets: cluster.secrets, registrar: KubernetesWebhookRegistrar(client: cluster.client),
      isRegistering: { [leading = parts.leading] in leading.isSet }, logger: parts.logger)
    // Machines are answered without them: readiness does not wait.
    return webhooks.services(listening: {})
  }

  /// Those services, once everything that decides about boots is known.
  func onceKnown(_ services: [any Service], _ parts: Parts) -> [any Service] {
    parts.known.isOpen ? services : services.map { OnceKnown(service: $0, known: parts.known) }
  }

  /// Those services, while this boot host leads: at once and always, where there is no other.
  func whileLeading(
    _ services: [any Service], _ leadership: any Leadership, _ parts: Parts
  ) -> any Service {
    WhileLeading(services: services, leadership: leadership, flag: parts.leading, logger: parts.logger)
  }
}

extension ResourceName {
  /// The text as a name of at most 63 bytes; `nil` where nothing is left of it.
  static func fitting(_ text: String) -> String? {
    let allowed = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let name = String(allowed.prefix(63)).drop { $0 == "-" }
    let end = name.lastIndex { $0 != "-" }
    return end.map { String(name[...$0]) }
  }
}
