import BareMetal
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

@testable import HTTPServices

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// What came back.
struct Answer {
  var status: Int
  var headers: HTTPFields
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  /// Whether the body is one line of text and nothing more.
  var isOneLine: Bool { text.hasSuffix("\n") && text.split(separator: "\n").count == 1 && text.utf8.count > 1 }
}

/// Everything a boot plane needs, in memory, with a folder of files.
final class Rack: Sendable {
  let store: MemoryStore
  let journal = BootJournal(now: { Timestamp(seconds: 1_700_000_000) })
  let assets = AssetTable()
  let folder: String
  let configuration: BootPlaneConfiguration
  let handover = Mutex<BMCHandover?>(nil)
  let wipes = Mutex<WipeHandover?>(nil)
  let provisioning = Mutex<Provisioning?>(nil)

  init(
    store: MemoryStore = MemoryStore(), configure: (inout BootPlaneConfiguration) -> Void = { _ in }
  ) throws {
    self.store = store
    var configuration = BootPlaneConfiguration()
    configuration.addresses = [.loopback]
    configuration.port = 0
    configure(&configuration)
    self.configuration = configuration
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("siderite-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Puts files there, named as they are served.
  func serve(_ files: [(AssetName, [UInt8])]) throws {
    var table: [AssetName: Asset] = [:]
    for (index, file) in files.enumerated() {
      let path = "\(folder)/\(index)"
      try Data(file.1).write(to: URL(fileURLWithPath: path))
      table[file.0] = Asset(path: path, size: Int64(file.1.count))
    }
    assets.replace(with: table)
  }

  /// The agent's Environment.
  func serveAgent() throws {
    try serve([
      (.environment("agent-amd64", .kernel), Array("kernel".utf8)),
      (.environment("agent-amd64", .initramfs), Array("initramfs".utf8)),
    ])
  }

  func bootPlane(
    limits: ConnectionLimits = ConnectionLimits(),
    onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) -> BootPlane {
    BootPlane(
      configuration: configuration, planner: BootPlanner(programs: [:]), assets: assets, store: store,
      journal: journal, handover: handover.withLock { $0 }, wipes: wipes.withLock { $0 },
      provisioning: provisioning.withLock { $0 }, logger: quiet, limits: limits,
      now: { Timestamp(seconds: 1_800_000_000) }, onListening: onListening)
  }

  /// Asks the boot plane, without a network.
  func ask(
    _ method: HTTPRequest.Method, _ path: String, host: String? = "10.0.0.1:8081", headers: HTTPFields = [:],
    body: [UInt8] = [], from client: String = "10.0.0.7"
  ) async throws -> Answer {
    try await send(bootPlane().responder(), method, path, host: host, headers: headers, body: body, from: client)
  }

  /// What the journal heard, in order, of all machines.
  var reasons: [String] { journal.records().flatMap(\.events).map(\.reason) }
  var messages: [String] { journal.records().flatMap(\.events).map(\.message) }
}

/// Asks a responder, from 10.0.0.7 unless told otherwise, at our 10.0.0.2:8081, without a network.
/// - Parameter isGone: the client has left when the answer comes.
func send(
  _ responder: some HTTPResponder<PeerContext>, _ method: HTTPRequest.Method, _ path: String,
  host: String? = "10.0.0.1:8081", headers: HTTPFields = [:], body: [UInt8] = [],
  from client: String = "10.0.0.7", isGone: Bool = false
) async throws -> Answer {
  let channel = NIOAsyncTestingChannel()
  channel.localAddress = try SocketAddress(ipAddress: "10.0.0.2", port: 8081)
  channel.remoteAddress = try SocketAddress(ipAddress: client, port: 40000)
  let request = Request(
    head: HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: headers),
    body: RequestBody(buffer: ByteBuffer(bytes: body)))
  let response = try await responder.respond(
    to: request, context: PeerContext(source: ApplicationRequestContextSource(channel: channel, logger: quiet)))
  let written = WrittenBytes()
  try await channel.pipeline.addHandlers([FileReader(written: written), FileSender()]).get()
  try await response.body.write(MemoryWriter(written: written, isGone: isGone))
  return Answer(status: response.status.code, headers: response.headers, body: written.bytes.withLock { $0 })
}

private final class WrittenBytes: Sendable {
  let bytes = Mutex<[UInt8]>([])
}

/// In place of a socket that sends files: reads them.
private final class FileReader: ChannelOutboundHandler, Sendable {
  typealias OutboundIn = IOData
  private let written: WrittenBytes

  init(written: WrittenBytes) { self.written = written }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .fileRegion(let region) = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
    var bytes = [UInt8](repeating: 0, count: region.readableBytes)
    let count = try? region.fileHandle.withUnsafeFileDescriptor {
      pread($0, &bytes, bytes.count, off_t(region.readerIndex))
    }
    written.bytes.withLock { $0 += bytes.prefix(count ?? 0) }
    promise?.succeed()
  }
}

private struct MemoryWriter: ResponseBodyWriter {
  let written: WrittenBytes
  let isGone: Bool

  mutating func write(_ buffer: ByteBuffer) async throws {
    if isGone { throw ChannelError.ioOnClosedChannel }
    written.bytes.withLock { $0 += buffer.readableBytesView }
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// Runs a service until `body` is done, then shuts it down gracefully and waits for its end.
func running<Signal: Sendable, Result: Sendable>(
  _ make: (@escaping @Sendable (Signal) async -> Void) -> any Service,
  _ body: @Sendable @escaping (Signal) async throws -> Result
) async throws -> Result {
  let (signals, continuation) = AsyncStream<Signal>.makeStream()
  let service = make { continuation.yield($0) }
  let services = ServiceGroup(configuration: .init(services: [service], logger: quiet))
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      defer { continuation.finish() }
      try await services.run()
    }
    guard let signal = await signals.first(where: { _ in true }) else {
      try await group.waitForAll()
      throw NotListening()
    }
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body(signal))
    } catch {
      result = .failure(error)
    }
    await services.triggerGracefulShutdown()
    try await group.waitForAll()
    return try result.get()
  }
}

struct NotListening: Error {}

/// A connection as a careless client has it: raw bytes.
struct RawConnection: Sendable {
  let channel: any Channel
  private let received: AsyncStream<ByteBuffer>

  static func open(_ endpoint: Endpoint, autoRead: Bool = true) async throws -> RawConnection {
    try await open { bootstrap in
      try await bootstrap.channelOption(.autoRead, value: autoRead)
        .connect(host: endpoint.address.description, port: Int(endpoint.port)).get()
    }
  }

  static func open(socketPath: String) async throws -> RawConnection {
    try await open { try await $0.connect(unixDomainSocketPath: socketPath).get() }
  }

  private static func open(_ connect: (ClientBootstrap) async throws -> any Channel) async throws -> RawConnection {
    let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(Receiver(continuation: continuation))
      }
    }
    return RawConnection(channel: try await connect(bootstrap), received: stream)
  }

  func write(_ text: String) async throws {
    try await channel.writeAndFlush(ByteBuffer(string: text)).get()
  }

  /// Everything until the server closes.
  func rest() async -> String {
    var bytes: [UInt8] = []
    for await buffer in received { bytes += buffer.readableBytesView }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What was received so far, as soon as it contains `text`; or everything, when the server closes before.
  func until(_ text: String) async -> String {
    var all = ""
    for await buffer in received {
      all += String(buffer: buffer)
      if all.contains(text) { break }
    }
    return all
  }

  func close() async throws { try await channel.close().get() }

  private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let continuation: AsyncStream<ByteBuffer>.Continuation

    init(continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
