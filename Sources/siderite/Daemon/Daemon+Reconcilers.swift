import BareMetal
import Kubernetes
import Reconcilers
import ServiceLifecycle
import Wire

extension Daemon {
  /// What keeps the resources true: a controller for each reconciler.
  ///
  /// Where several boot hosts share a cluster, each looks after the Servers that it saw last (``Jurisdiction``), and has
  /// the Environments' files on its own disk; what is shared, the leader keeps true.
  func reconcilers(_ parts: Parts, _ leadership: any Leadership) -> [any Service] {
    let (store, secrets, sink, logger) = (parts.stores.resources, parts.stores.secrets, parts.lifeSink, parts.logger)
    let latest = parts.cluster?.resources
    let server = ServerReconciler(
      store: store, latest: latest, secrets: secrets, servers: parts.servers, journal: sink, configuration: lifecycle,
      jurisdiction: parts.jurisdiction, logger: logger, now: { .now })
    let binding = ServerBindingReconciler(
      store: store, latest: latest, secrets: secrets, journal: sink, wipeMode: lifecycle.wipeMode,
      jurisdiction: parts.jurisdiction, now: { .now })
    var shared: [any Service] = [parts.classes]
    var services: [any Service] = [
      Controller(server, store: store, concurrency: ServerReconciler.concurrency, logger: logger),
      Controller(binding, store: store, logger: logger),
      AssetFetching(cache: parts.environments.cache),
      Controller(parts.environments.reconciler, store: store, logger: logger),
    ]
    if let cluster = parts.cluster {
      shared += [
        DefaultObjects(environments: parts.environments, logger: logger),
        Controller(MetalClusterReconciler(store: store), store: store, logger: logger),
        Controller(
          MetalMachineReconciler(
            store: store, classes: parts.classes, workload: cluster.workload, journal: sink, events: cluster.events,
            now: { .now }),
          store: store, logger: logger),
      ]
      services.append(
        Controller(
          BootstrapDataReconciler(
            store: store, remote: RecentSecretStore(cluster.secrets), local: parts.stores.ownSecrets,
            serves: { [host = parts.jurisdiction.host] in $0.metadata.bootHost == nil || $0.metadata.bootHost == host }),
          store: store, logger: logger))
    }
    return services + [whileLeading(shared, leadership, parts)]
  }

  /// How Servers' lives are led, by the configuration.
  private var lifecycle: ServerPlan.Configuration {
    ServerPlan.Configuration(
      rebootTimeout: .seconds(Int64(configuration.serverRebootTimeoutSeconds)), pxeMode: configuration.ipmiPXEMethod,
      wipeMode: configuration.insecureWipe ? .fast : .full,
      restartInterval: .seconds(Int64(configuration.restartIntervalSeconds)))
  }
}
