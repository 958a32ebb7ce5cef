import AsyncHTTPClient
import BareMetal
import NIOCore
import NIOSSL
import Synchronization

/// The controllers that are spoken with over HTTP: the same access gives the same session, lockout guard and queue.
final class HTTPDrivers: Sendable {
  /// Services remembered, with their sessions and refused passwords; above it an eighth is forgotten, the longest
  /// unused: it happens only when credentials change many thousand times.
  static let capacity = 16_384

  private struct ServiceKey: Hashable {
    var origin: HTTPOrigin
    var credentials: Credentials?
    var allowsUnknownCertificate: Bool
  }

  private struct State {
    var services = RecentlyUsed<ServiceKey, RedfishService>(capacity: HTTPDrivers.capacity)
    var turnstiles = RecentlyUsed<String, Turnstile>(capacity: HTTPDrivers.capacity)
  }

  private let state = Mutex(State())
  private let client: HTTPClient
  private let unverifyingClient: HTTPClient
  private let limits: HTTPLimits

  init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(.fullVerification))
    unverifyingClient = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(.none))
  }

  private static func configuration(_ verification: CertificateVerification) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(
      certificateVerification: verification, redirectConfiguration: .disallow, ignoreUncleanSSLShutdown: true)
    configuration.httpVersion = .http1Only
    configuration.timeout.connect = .seconds(5)
    // BMCs have few sockets and close idle ones after as little as 5 s; a request that meets the closing is lost.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2
    configuration.connectionPool.idleTimeout = .seconds(3)
    configuration.connectionPool.retryConnectionEstablishment = false
    return configuration
  }

  /// A system of a Redfish service.
  func redfish(_ access: RedfishAccess) -> any PowerController {
    let origin: HTTPOrigin
    do throws(BMCFailure) {
      origin = try HTTPOrigin(access.baseURL, permittedPaths: ["/redfish", "/redfish/v1"])
    } catch {
      return MisconfiguredController(failure: error)
    }
    let key = ServiceKey(
      origin: origin, credentials: access.credentials,
      allowsUnknownCertificate: access.allowsUnknownCertificate)
    return state.withLock { state in
      let service = state.services.value(of: key) {
        RedfishService(
          origin: origin, credentials: access.credentials, verifiesCertificate: !access.allowsUnknownCertificate,
          exchange: HTTPExchange(
            client: access.allowsUnknownCertificate ? unverifyingClient : client, name: origin.description,
            limits: limits))
      }
      return RedfishController(
        service: service, systemName: access.system,
        turnstile: Self.turnstile("\(origin) \(access.system ?? "")", &state))
    }
  }

  /// A machine behind Sidero's HTTP management API. Sidero's own endpoints have no scheme: `10.5.0.2:8080`.
  func managementAPI(_ baseURL: String) -> any PowerController {
    let origin: HTTPOrigin
    do throws(BMCFailure) {
      origin = try HTTPOrigin(baseURL.contains("://") ? baseURL : "http://\(baseURL)")
    } catch {
      return MisconfiguredController(failure: error)
    }
    var limits = limits
    limits.answerBytes = ManagementAPIController.maximumAnswerBytes
    let exchange = HTTPExchange(client: client, name: origin.description, limits: limits)
    return state.withLock { state in
      ManagementAPIController(
        origin: origin, exchange: exchange, turnstile: Self.turnstile("\(origin)", &state))
    }
  }

  private static func turnstile(_ machine: String, _ state: inout State) -> Turnstile {
    state.turnstiles.value(of: machine) { Turnstile() }
  }

  /// Ends the sessions and closes the connections.
  func close() async {
    let services = state.withLock { $0.services.values }
    await withDiscardingTaskGroup { tasks in
      for service in services { tasks.addTask { await service.close() } }
    }
    try? await client.shutdown()
    try? await unverifyingClient.shutdown()
  }
}

/// A controller whose address cannot be used.
struct MisconfiguredController: PowerController {
  let failure: BMCFailure

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer { throw failure }
}
