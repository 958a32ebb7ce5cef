public import BareMetal
import DHCP
import LinuxSystem
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
public import Wire

/// Answers DHCPv6 clients on one interface, UDP port 547 of `ff02::1:2` and of the interface's addresses.
///
/// One message at a time, each with its write to the disk: IPv6 clients repeat for longer than a rack takes.
public struct DHCPv6Service: Service {
  private let configuration: DHCPv6ServiceConfiguration
  private let planner: BootPlanner
  private let leases: any IPv6LeaseStore
  private let events: any BootEventSink
  private let counters: DHCPv6Counters
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let listening: @Sendable () -> Void

  /// - Parameters:
  ///   - planner: says what machines boot.
  ///   - now: the wall clock.
  ///   - listening: called when requests are answered, again whenever the socket had to be opened anew.
  public init(
    _ configuration: DHCPv6ServiceConfiguration, planner: BootPlanner, leases: any IPv6LeaseStore,
    events: any BootEventSink, logger: Logger, now: @escaping @Sendable () -> Timestamp,
    listening: @escaping @Sendable () -> Void = {}
  ) {
    var configuration = configuration
    configuration.server.excluded.insert(configuration.bootAddress)
    self.configuration = configuration
    self.planner = planner
    self.leases = leases
    self.events = events
    self.counters = DHCPv6Counters(interface: configuration.interface)
    var logger = logger
    logger[metadataKey: "interface"] = "\(configuration.interface)"
    self.logger = logger
    self.now = now
    self.listening = listening
  }

  /// Answers until shutdown.
  ///
  /// - Throws: `SystemError` when the socket cannot be opened at first, ``StoreError`` when the leases cannot be read.
  public func run() async throws {
    try await keepServing(logger) { try await serve() }
  }

  /// Serves until the socket fails or the task is cancelled.
  /// - Throws: when it could not begin.
  private func serve() async throws {
    var endpoint = DHCPv6Endpoint(
      configuration, leases: try await leases.ipv6Leases().compactMap { DHCPv6Lease($0) }, planner: planner,
      events: events, counters: counters, logger: logger)
    // Last: nothing may fail between the opening of a channel and its use, which closes it.
    let socket = try await LinkSocket.dhcpv6(on: configuration.interface)
    logger.info("DHCPv6 answers", metadata: ["address": "\(configuration.bootAddress)"])
    listening()
    do {
      try await socket.channel.executeThenClose { inbound, _ in
        for try await datagram in inbound { await take(datagram, from: socket, &endpoint) }
      }
    } catch is CancellationError {
      return
    } catch {
      logger.warning("DHCPv6 socket failed, opening it again", metadata: ["error": "\(error)"])
    }
  }

  private func take(_ datagram: LinkSocket.Datagram, from socket: LinkSocket, _ endpoint: inout DHCPv6Endpoint) async {
    guard let source = datagram.remoteAddress.ipv6 else { return }
    let destination = datagram.metadata?.packetInfo?.destinationAddress
    let arrival = DHCPv6Arrival(source: source, isMulticast: destination?.isMulticast ?? true)
    guard let answer = endpoint.receive(datagram.data.readableBytesUInt8Span, arrival, now: now()) else { return }
    if !answer.changes.isEmpty {
      do {
        try await leases.commit(answer.changes.map(\.record))
      } catch {
        counters.commitFailed()
        return logger.error("IPv6 lease not kept: the client is told nothing", metadata: ["error": "\(error)"])
      }
      endpoint.committed(answer)
    }
    // Whatever port it asked from (RFC 8415 §7.2).
    var client = datagram.remoteAddress
    client.port = Int(DHCPv6Port.client)
    socket.send(answer.bytes, to: client)
    endpoint.sent(answer)
  }
}

extension DHCPv6Service: CustomStringConvertible {
  /// `DHCPv6 on eth0`, as the service's life is logged.
  public var description: String { "DHCPv6 on \(configuration.interface)" }
}
