import BareMetal
import Certificates
import HTTPTypes
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import ServiceLifecycle
import Testing
import Wire

@testable import HTTPServices
@testable import siderite

@Suite("Webhooks")
struct WebhookTests {
  private let server = WebhookServer(
    addresses: [.loopback], port: 0, identity: TLSIdentity(), patcher: MachineConfigPatcher(parser: YAMLConfigParser()),
    logger: quiet)

  private func ask(_ path: String, _ body: JSONValue) async throws -> JSONValue {
    let text = body.jsonText
    let answer = try await send(
      server.responder(), .post, path, headers: [.contentLength: "\(text.utf8.count)"], body: Array(text.utf8))
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(try JSONValue(parsing: answer.text).fields["response"])
  }

  private func conversion(_ objects: [JSONValue], to version: String) -> JSONValue {
    .object([
      "kind": .string("ConversionReview"), "apiVersion": .string("apiextensions.k8s.io/v1"),
      "request": .object(["uid": .string("u-1"), "desiredAPIVersion": .string(version), "objects": .array(objects)]),
    ])
  }

  private func admission(_ object: JSONValue, over old: JSONValue = .null) -> JSONValue {
    .object([
      "kind": .string("AdmissionReview"), "apiVersion": .string("admission.k8s.io/v1"),
      "request": .object([
        "uid": .string("u-2"), "name": .string("a"), "operation": .string(old == .null ? "CREATE" : "UPDATE"),
        "object": object, "oldObject": old,
      ]),
    ])
  }

  private static func server(_ spec: [String: JSONValue]) -> JSONValue {
    .object([
      "apiVersion": .string("metal.sidero.dev/v1alpha2"), "kind": .string("Server"),
      "metadata": .object(["name": .string("a")]), "spec": .object(spec),
    ])
  }

  @Test("Objects are converted, all of a review or none")
  func conversions() async throws {
    let good = Self.server(["accepted": .bool(true), "hostname": .string("h")])
    let response = try await ask("/convert", conversion([good, good], to: "metal.sidero.dev/v1alpha1"))
    #expect(response.fields["uid"]?.text == "u-1")
    #expect(response.fields["result"] == .object(["status": .string("Success")]))
    guard case .array(let objects)? = response.fields["convertedObjects"] else { Issue.record("none"); return }
    #expect(objects.count == 2)
    #expect(objects.allSatisfy { $0.fields["apiVersion"]?.text == "metal.sidero.dev/v1alpha1" })

    let bad = Self.server(["bmc": .object([:]), "hostname": .integer(1)])
    let refused = try await ask("/convert", conversion([good, bad], to: "metal.sidero.dev/v1alpha1"))
    #expect(refused.fields["convertedObjects"] == .array([]))
    #expect(refused.fields["result"]?.fields["status"]?.text == "Failure")
    let message = try #require(refused.fields["result"]?.fields["message"]?.text)
    #expect(message.contains("spec.bmc.endpoint") && message.contains("spec.hostname"))
  }

  @Test("A good object is allowed; a bad one is refused with everything that is wrong, patches' texts included")
  func admissions() async throws {
    let good = Self.server(["accepted": .bool(true), "strategicPatches": .array([.string("machine: {}")])])
    #expect(try await ask("/validate", admission(good)) == .object(["uid": .string("u-2"), "allowed": .bool(true)]))
    let bad = Self.server([
      "accepted": .bool(true), "pxeMode": .string("floppy"), "bootFromDiskMethod": .string("kick"),
      "configPatches": .array([.object(["op": .string("eat"), "path": .string("/machine")])]),
      "strategicPatches": .array([.string("machine: {}"), .string("machine: [")]),
    ])
    let response = try await ask("/validate", admission(bad))
    #expect(response.fields["allowed"] == .bool(false))
    let status = try #require(response.fields["status"]?.fields)
    #expect(status["code"] == .integer(422))
    let message = try #require(status["message"]?.text)
    let fields = ["spec.bootFromDiskMethod", "spec.configPatches[0].op", "spec.pxeMode", "spec.strategicPatches[1]"]
    #expect(fields.allSatisfy { message.contains($0) }, "\(message)")
    guard case .array(let causes)? = status["details"]?.fields["causes"] else { Issue.record("none"); return }
    #expect(causes.compactMap { $0.fields["field"]?.text } == fields)
    // A spec that was there before is not looked at again, and a deletion has no object.
    #expect(try await ask("/validate", admission(bad, over: bad)).fields["allowed"] == .bool(true))
    #expect(try await ask("/validate", admission(.null, over: bad)).fields["allowed"] == .bool(true))
  }

  @Test(
    "What is no review is refused with one line",
    arguments: [
      "", "{", "[]", "{}", #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1beta1","request":{}}"#,
      #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"objects":{}}}"#,
      #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":[]}"#,
      String(repeating: "[", count: 100_000),
    ])
  func rubbish(body: String) async throws {
    for path in ["/convert", "/validate"] {
      let answer = try await send(
        server.responder(), .post, path, headers: [.contentLength: "\(body.utf8.count)"], body: Array(body.utf8))
      #expect(answer.status == 400)
      #expect(answer.isOneLine)
    }
  }

  @Test("A review without a length, or with too much of it, is not read")
  func bounded() async throws {
    #expect(try await send(server.responder(), .post, "/convert", body: Array("{}".utf8)).status == 411)
    let much: HTTPFields = [.contentLength: "\(33 << 20)"]
    #expect(try await send(server.responder(), .post, "/convert", headers: much, body: Array("{}".utf8)).status == 413)
    let some: HTTPFields = [.contentLength: "\(5 << 20)"]
    #expect(try await send(server.responder(), .post, "/validate", headers: some, body: Array("{}".utf8)).status == 413)
    #expect(try await send(server.responder(), .get, "/validate").status == 404)
  }

  // MARK: TLS

  private static let start = Timestamp(seconds: 1_800_000_000)

  /// The certificate that a TLS server shows to a client that trusts `authority`; `nil` when it is not what it should be.
  private func shown(at endpoint: Endpoint, trusting authority: CertificateAuthority) async throws -> NIOSSLCertificate?
  {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificate.utf8)))
    let context = try NIOSSLContext(configuration: configuration)
    let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: NIOSSLCertificate?.self)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
          try channel.pipeline.syncOperations.addHandlers(handler, Handshake(promise: promise, tls: handler))
        }
      }
      .connect(host: endpoint.address.description, port: Int(endpoint.port)).get()
    let certificate = try? await promise.futureResult.get()
    try? await channel.close()
    return certificate
  }

  /// Tells how the handshake went.
  private final class Handshake: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let promise: EventLoopPromise<NIOSSLCertificate?>
    let tls: NIOSSLClientHandler

    init(promise: EventLoopPromise<NIOSSLCertificate?>, tls: NIOSSLClientHandler) {
      self.promise = promise
      self.tls = tls
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case TLSUserEvent.handshakeCompleted = event { promise.succeed(tls.peerCertificate) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      promise.fail(error)
      context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.succeed(nil) }
  }

  @Test("A certificate is replaced while the server serves; before there is one, nobody is served")
  func replaced() async throws {
    let identity = TLSIdentity()
    let (listening, continuation) = AsyncStream<Endpoint>.makeStream()
    let server = WebhookServer(
      addresses: [.loopback], port: 0, identity: identity, patcher: MachineConfigPatcher(parser: YAMLConfigParser()),
      logger: quiet, onListening: { continuation.yield($0[0]) })
    let now = Timestamp.now
    let authority = try CertificateAuthority(commonName: "test", now: now)
    let group = ServiceGroup(configuration: .init(services: [server], logger: quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      let endpoint = try #require(await listening.first { _ in true })
      #expect(try await shown(at: endpoint, trusting: authority) == nil)
      let one = try authority.issue(for: ["127.0.0.1"], now: now)
      try identity.show(certificate: one.certificate, key: one.key)
      #expect(
        try await shown(at: endpoint, trusting: authority)
          == NIOSSLCertificate.fromPEMBytes(Array(one.certificate.utf8))[0])
      let two = try authority.issue(for: ["127.0.0.1"], now: now)
      // Of another key: what is shown stays.
      #expect(throws: TLSIdentityError.self) { try identity.show(certificate: two.certificate, key: one.key) }
      #expect(throws: TLSIdentityError.self) { try identity.show(certificate: "", key: one.key) }
      #expect(
        try await shown(at: endpoint, trusting: authority)
          == NIOSSLCertificate.fromPEMBytes(Array(one.certificate.utf8))[0])
      try identity.show(certificate: two.certificate, key: two.key)
      #expect(
        try await shown(at: endpoint, trusting: authority)
          == NIOSSLCertificate.fromPEMBytes(Array(two.certificate.utf8))[0])
      // By another name, or trusted by nobody: no.
      let other = try authority.issue(for: ["10.9.9.9"], now: now)
      try identity.show(certificate: other.certificate, key: other.key)
      #expect(try await shown(at: endpoint, trusting: authority) == nil)
      let stranger = try CertificateAuthority(commonName: "stranger", now: now)
      try identity.show(certificate: two.certificate, key: two.key)
      #expect(try await shown(at: endpoint, trusting: stranger) == nil)
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}
