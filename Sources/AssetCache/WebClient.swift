import AsyncHTTPClient
import BareMetal
import Logging
import NIOCore
import NIOSSL

/// The HTTP client of the cache, for as long as the cache works.
struct WebClient: Sendable {
  /// From one place to the next: release pages redirect once or twice.
  private static let redirects = 5

  private let client: HTTPClient

  init(_ configuration: AssetCacheConfiguration) {
    var settings = HTTPClient.Configuration(
      redirectConfiguration: .follow(max: Self.redirects, allowCycles: false),
      timeout: HTTPClient.Configuration.Timeout(
        connect: TimeAmount(configuration.connectTime), read: TimeAmount(configuration.stallTime)))
    // A transfer has its connection for itself: one that is cut takes no other with it.
    settings.httpVersion = .http1Only
    // The cache tries again by itself, and says meanwhile why: the client's own attempts would only hide it.
    settings.connectionPool.retryConnectionEstablishment = false
    if let trusted = configuration.trusted {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.additionalTrustRoots = [.certificates(trusted.certificates)]
      settings.tlsConfiguration = tls
    }
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
  }

  /// Fetches.
  func result(of fetch: Fetch) async -> Result<Fetch.Outcome, any Error> {
    do {
      switch AssetLocation(fetch.source.url ?? "") {
      case .web(let url): return .success(try await fetch.download(url, with: client))
      case .file(let path): return .success(try await fetch.copy(path))
      case nil:
        let problem = AssetLocation.problem(of: fetch.source.url ?? "") ?? "cannot be fetched"
        throw AssetFailure(.invalid, "the URL \(problem)")
      }
    } catch {
      return .failure(Task.isCancelled ? CancellationError() : error)
    }
  }

  func close() async { try? await client.shutdown() }
}
