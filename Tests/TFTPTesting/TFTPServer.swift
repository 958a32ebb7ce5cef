public import BootServices
import Logging
public import NIOCore
import ServiceLifecycle
import Synchronization

/// A TFTP service on a free port of 127.0.0.1, for the time of a test.
public struct TFTPServer: Sendable {
  public let address: SocketAddress
  public let service: TFTPService
  private let log: EventLog
  private let group: ServiceGroup

  public var port: Int { address.port ?? 0 }

  /// Begins a graceful shutdown.
  public func shutDown() async { await group.triggerGracefulShutdown() }

  /// What was reported so far.
  public var events: [TFTPEvent] { log.events.withLock { $0 } }

  /// Waits until an event like this is reported.
  public func event(_ isExpected: @escaping @Sendable (TFTPEvent.Kind) -> Bool) async -> TFTPEvent? {
    for await event in log.stream where isExpected(event.kind) { return event }
    return nil
  }

  private final class EventLog: Sendable {
    let events = Mutex<[TFTPEvent]>([])
    let stream: AsyncStream<TFTPEvent>
    let continuation: AsyncStream<TFTPEvent>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1000)) }

    func add(_ event: TFTPEvent) {
      events.withLock { $0.append(event) }
      continuation.yield(event)
    }
  }

  /// Runs `body` against a server of `files`, then shuts the server down gracefully.
  public static func run<Result: Sendable>(
    _ files: [String: [UInt8]],
    configure: (inout TFTPConfiguration) -> Void = { _ in },
    body: (TFTPServer) async throws -> Result
  ) async throws -> Result {
    var configuration = TFTPConfiguration(addresses: [try SocketAddress(ipAddress: "127.0.0.1", port: 0)])
    configuration.shutdownGrace = .milliseconds(100)
    configure(&configuration)
    let log = EventLog()
    let (addresses, listening) = AsyncStream<[SocketAddress]>.makeStream()
    let service = TFTPService(
      configuration: configuration,
      contents: TFTPCatalog(files.mapValues { TFTPContent(ByteBuffer(bytes: $0)) }),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      listening: {
        listening.yield($0)
        listening.finish()
      },
      report: { log.add($0) }
    )
    let group = ServiceGroup(
      services: [service], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { listening.finish() }
        try await group.run()
      }
      var bound = [SocketAddress]()
      for await list in addresses { bound = list }
      guard let address = bound.first else {
        try await tasks.next()
        throw CancellationError()
      }
      let result = try await body(TFTPServer(address: address, service: service, log: log, group: group))
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      return result
    }
  }
}
