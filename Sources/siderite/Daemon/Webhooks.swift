import BareMetal
import Certificates
import Foundation
import HTTPServices
import Logging
import ServiceLifecycle
import Wire

/// The webhooks of a management cluster, served by this boot host: the server, and who keeps it in certificates.
struct Webhooks {
  let configuration: Configuration.Webhook
  /// Where a cluster reaches this server from outside: `10.0.0.1`; `nil`: the daemon is inside, behind a Service.
  let host: String?
  /// Where the authority is kept: the cluster's Secrets, which all boot hosts share.
  let secrets: any SecretStore
  let registrar: any WebhookRegistrar
  /// Of several boot hosts the one that leads is asked.
  let isRegistering: @Sendable () -> Bool
  let logger: Logger

  /// What a daemon inside of a cluster is called there.
  private static let serviceNames = [
    "siderite-webhook.sidero-system.svc", "siderite-webhook.sidero-system.svc.cluster.local",
  ]

  /// - Parameter listening: called once, when the port listens.
  func services(listening: @escaping @Sendable () -> Void) -> [any Service] {
    let identity = TLSIdentity()
    let server = WebhookServer(
      port: configuration.port, identity: identity, patcher: MachineConfigPatcher(parser: YAMLConfigParser()),
      logger: logger, onListening: { _ in listening() })
    let keeper = CertificateKeeper(
      source: configuration.certDir.map { directory in .files { try Self.files(in: directory) } } ?? .own(secrets),
      names: [host].compactMap(\.self) + Self.serviceNames, url: host.map { "https://\($0):\(configuration.port)" },
      show: { certificate, key in try identity.show(certificate: certificate, key: key) }, registrar: registrar,
      isRegistering: isRegistering, now: { .now }, logger: logger)
    return [keeper, server]
  }

  /// The three files, named as Secrets of type `kubernetes.io/tls` and cert-manager name them.
  private static func files(in directory: String) throws -> CertificateKeeper.Files {
    func text(_ name: String) throws -> String {
      do {
        return try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
      } catch {
        throw MissingFile(path: "\(directory)/\(name)")
      }
    }
    return CertificateKeeper.Files(
      certificate: try text("tls.crt"), key: Secret(try text("tls.key")), authority: try? text("ca.crt"))
  }

  private struct MissingFile: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path) cannot be read" }
  }
}
