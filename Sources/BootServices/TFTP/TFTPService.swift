import LinuxSystem
public import Logging
public import NIOCore
public import ServiceLifecycle
import TFTP

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Serves files by TFTP, read only (RFC 1350, 2347, 2348, 2349, 7440).
///
/// Each address has a few listeners, each on a thread of its own, where all its transfers live: no locks, no task per
/// client or packet. Which listener a request goes to is the kernel's choice, by the client's address. What a packet means is decided by `TFTPTransfer`; here are only the sockets.
public struct TFTPService: Service {
  private let environment: TFTPListener.Environment
  private let listening: @Sendable ([SocketAddress]) -> Void

  /// - Parameters:
  ///   - contents: what can be read.
  ///   - listening: called once, with the addresses and ports in the order configured, when requests are answered.
  ///   - report: called on a listener's thread for each event: must return at once.
  public init(
    configuration: TFTPConfiguration,
    contents: any TFTPContents,
    logger: Logger,
    listening: @escaping @Sendable ([SocketAddress]) -> Void = { _ in },
    report: @escaping @Sendable (TFTPEvent) -> Void = { _ in }
  ) {
    self.environment = TFTPListener.Environment(
      configuration: configuration, contents: contents, counters: TFTPCounters(), logger: logger, report: report)
    self.listening = listening
  }

  /// The counts so far.
  public var statistics: TFTPStatistics { environment.counters.values }

  /// Listens until shutdown. A graceful one lets running transfers end within the configured time.
  ///
  /// - Throws: ``TFTPBindError`` if an address cannot be listened on.
  public func run() async throws {
    var sockets = [UDPSocket]()
    var addresses = [SocketAddress]()
    for address in environment.configuration.addresses {
      let group = try bind(to: address)
      sockets += group
      addresses.append(group.first?.local?.socketAddress ?? address)
    }
    let shutdown = try sockets.map { _ in try TFTPShutdown() }
    listening(addresses)
    try await withThrowingDiscardingTaskGroup { group in
      for (socket, shutdown) in zip(sockets, shutdown) {
        group.addTask { try await serve(socket, until: shutdown) }
      }
    }
  }

  private func bind(to address: SocketAddress) throws(TFTPBindError) -> [UDPSocket] {
    guard let endpoint = SocketEndpoint(address) else {
      throw TFTPBindError(SystemError(operation: "bind", code: EAFNOSUPPORT), listeningOn: address)
    }
    do {
      return try UDPSocket.group(of: environment.configuration.threads, boundTo: endpoint)
    } catch {
      throw TFTPBindError(error, listeningOn: address)
    }
  }

  /// Answers the requests of a socket, on a new thread, until the shutdown is over.
  private func serve(_ socket: UDPSocket, until shutdown: TFTPShutdown) async throws {
    let environment = environment
    let result = await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, SystemError>, Never>) in
          let isStarted = SystemThread.start(named: "tftp") {
            continuation.resume(
              returning: Result { () throws(SystemError) in
                try TFTPListener(environment, on: socket, until: shutdown).serve()
              })
          }
          if !isStarted {
            continuation.resume(returning: .failure(SystemError(operation: "pthread_create", code: EAGAIN)))
          }
        }
      } onGracefulShutdown: {
        shutdown.begin(.graceful)
      }
    } onCancel: {
      shutdown.begin(.immediate)
    }
    try result.get()
  }
}
