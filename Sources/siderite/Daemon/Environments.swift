import AssetCache
import BareMetal
import Logging
import Reconcilers
import ServiceLifecycle

/// What brings Environments' files here and has them served.
struct Environments {
  let cache: AssetCache
  /// What the boot plane serves.
  let table: AssetTable
  let reconciler: EnvironmentReconciler

  /// Nothing is served yet but `own`: see ``EnvironmentReconciler/prepare()``.
  /// - Parameter own: the files this host has for itself.
  init(_ configuration: Configuration, own: [AssetName: Asset], store: any ResourceStore, logger: Logger) throws {
    var settings = AssetCacheConfiguration(directory: "\(configuration.stateDirectory)/assets")
    settings.sizeLimit = Int64(clamping: configuration.cacheSizeLimitBytes)
    settings.privateDirectory = configuration.stateDirectory
    if let path = configuration.assetCA {
      do throws(AssetFailure) {
        settings.trusted = try TrustedCertificates(path: path)
      } catch {
        throw InvalidConfiguration(
          problems: [ConfigurationProblem(path: "assetCa", line: nil, message: error.message)])
      }
    }
    cache = try AssetCache(configuration: settings, logger: logger, now: { .now })
    table = AssetTable(own)
    reconciler = EnvironmentReconciler(store: store, fetcher: cache, table: table, now: { .now })
  }
}

/// Fetches until the daemon ends; what was under way is gone on with after the next start.
struct AssetFetching: Service {
  let cache: AssetCache

  func run() async throws {
    await cancelWhenGracefulShutdown { await cache.run() }
  }
}
