public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import TFTP

/// Serves files by TFTP, read only (RFC 1350, 2347, 2348, 2349, 7440).
///
/// Each address has one listener on one event loop, and all its transfers live on that loop: no locks, no task per
/// client or packet, timers are the loop's. What a packet means is decided by `TFTPTransfer`; here are only the sockets.
public struct TFTPService: Service {
  /// A listener that was closed by an error of its socket is opened again after so long.
  private static let reopenDelay: Duration = .milliseconds(200)

  private let environment: TFTPListener.Environment
  private let group: any EventLoopGroup
  private let listening: @Sendable ([SocketAddress]) -> Void

  /// - Parameters:
  ///   - contents: what can be read.
  ///   - group: the event loops to run on.
  ///   - listening: called once, with the addresses and ports in the order configured, when requests are answered.
  ///   - report: called on an event loop for each event: must return at once.
  public init(
    configuration: TFTPConfiguration,
    contents: any TFTPContents,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    logger: Logger,
    listening: @escaping @Sendable ([SocketAddress]) -> Void = { _ in },
    report: @escaping @Sendable (TFTPEvent) -> Void = { _ in }
  ) {
    self.environment = TFTPListener.Environment(
      configuration: configuration, contents: contents, counters: TFTPCounters(), logger: logger, report: report)
    self.group = group
    self.listening = listening
  }

  /// The counts so far.
  public var statistics: TFTPStatistics { environment.counters.values }

  /// Listens until shutdown. A graceful one lets running transfers end within the configured time.
  ///
  /// - Throws: ``TFTPBindError`` if an address cannot be listened on.
  public func run() async throws {
    var channels = [any Channel]()
    do {
      for address in environment.configuration.addresses { channels.append(try await bind(to: address)) }
    } catch {
      for channel in channels { try? await channel.close() }
      throw error
    }
    listening(channels.compactMap(\.localAddress))
    await withDiscardingTaskGroup { group in
      for channel in channels { group.addTask { await keepOpen(channel) } }
    }
  }

  private func bind(to address: SocketAddress) async throws -> any Channel {
    let environment = environment
    do {
      return try await DatagramBootstrap(group: group.next())
        .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: TFTPListener.readSize))
        .channelOption(.datagramVectorReadMessageCount, value: TFTPListener.readBatch)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(TFTPListener(environment, on: channel.eventLoop))
          }
        }
        .bind(to: address).get()
    } catch {
      throw TFTPBindError(error, listeningOn: address)
    }
  }

  /// Waits until the listener has drained after a shutdown, and opens it again if an error closed it before: NIO closes
  /// a datagram channel on errors of single packets, such as one a firewall rule forbids to send.
  private func keepOpen(_ first: any Channel) async {
    var open = first
    while true {
      let channel = open
      await withTaskCancellationHandler {
        await withGracefulShutdownHandler {
          _ = try? await channel.closeFuture.get()
        } onGracefulShutdown: {
          channel.pipeline.fireUserInboundEventTriggered(TFTPListener.Shutdown.graceful)
        }
      } onCancel: {
        channel.pipeline.fireUserInboundEventTriggered(TFTPListener.Shutdown.immediate)
      }
      guard !Task.isShuttingDownGracefully, !Task.isCancelled, let address = channel.localAddress else { return }
      environment.counters.add(to: \.reopenedListeners)
      environment.logger.warning("TFTP listener was closed, opening it again", metadata: ["address": "\(address)"])
      repeat {
        do {
          try await Task.sleep(for: Self.reopenDelay)
          open = try await bind(to: address)
        } catch is CancellationError {
          return
        } catch {
          environment.logger.warning("TFTP listener cannot be opened", metadata: ["error": "\(error)"])
        }
      } while open === channel && !Task.isShuttingDownGracefully
    }
  }
}
