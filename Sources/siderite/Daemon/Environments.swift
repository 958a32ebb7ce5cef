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

  /// Serves what was served before, and makes the default Environment if there is none; no network is needed for either.
  /// - Parameter own: the files this host has for itself.
  init(_ configuration: Configuration, own: [AssetName: Asset], store: any ResourceStore, logger: Logger) async throws {
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
    try await reconciler.prepare()
  }
}

/// Fetches until the daemon ends; what was under way is gone on with after the next start.
struct AssetFetching: Service {
  let cache: AssetCache

  func run() async throws {
    await cancelWhenGracefulShutdown { await cache.run() }
  }
}
