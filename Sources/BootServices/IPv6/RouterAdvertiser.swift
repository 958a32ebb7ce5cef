import DHCP
import LinuxSystem
public import Logging
import NIOCore
public import ServiceLifecycle
public import Wire

/// Tells the hosts of a link that there is DHCPv6 (RFC 4861 §6.2), where no router does.
public struct RouterAdvertiser: Service {
  /// Between two advertisements that nobody asked for: the longest interval that RFC 4861 §6.2.1 has by default.
  private static let interval: Duration = .seconds(600)
  /// Answers a second: two racks that ask in one. Who gets none asks again after 4 s.
  static let answersPerSecond = 64

  private let interface: String
  private let prefix: IPv6Prefix
  private let isAutonomous: Bool
  private let logger: Logger
  private let listening: @Sendable () -> Void

  /// - Parameters:
  ///   - prefix: the link's network.
  ///   - isAutonomous: whether hosts make an address of their own in it.
  ///   - listening: called when hosts are answered, again whenever the socket had to be opened anew.
  public init(
    interface: String, prefix: IPv6Prefix, isAutonomous: Bool, logger: Logger,
    listening: @escaping @Sendable () -> Void = {}
  ) {
    self.interface = interface
    self.prefix = prefix
    self.isAutonomous = isAutonomous
    var logger = logger
    logger[metadataKey: "interface"] = "\(interface)"
    self.logger = logger
    self.listening = listening
  }

  /// Advertises until shutdown.
  /// - Throws: `SystemError` when the socket cannot be opened at first.
  public func run() async throws {
    try await keepServing(logger) { try await serve() }
  }

  /// Serves until the socket fails or the task is cancelled.
  /// - Throws: when it could not begin.
  private func serve() async throws {
    let interface = try LinkSocket.present(interface)
    let everybody = try SocketAddress(ipAddress: "ff02::1", port: 0)
    var bytes: [UInt8] = []
    RouterAdvertisement(prefix: prefix, isAutonomous: isAutonomous, mac: interface.macAddress ?? .zero)
      .serialize(into: &bytes)
    let advertisement = bytes
    let socket = try await LinkSocket.routerSolicitations(on: interface)
    logger.info("router advertisements", metadata: ["prefix": "\(prefix)"])
    listening()
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          while true {
            socket.send(advertisement, to: everybody)
            try await Task.sleep(for: Self.interval)
          }
        }
        try await socket.channel.executeThenClose { inbound, _ in
          var budget = AnswerBudget(perSecond: Self.answersPerSecond)
          for try await solicitation in inbound where Self.isSolicitation(solicitation) {
            guard budget.take(at: .now) else { continue }
            // Who has no address yet asks from ::, and hears what all hear (RFC 4861 §6.2.6).
            let isAddressed = solicitation.remoteAddress.ipv6?.isUnspecified == false
            socket.send(advertisement, to: isAddressed ? solicitation.remoteAddress : everybody)
          }
        }
        group.cancelAll()
      }
    } catch is CancellationError {
      return
    } catch {
      logger.warning("router advertisements stopped, beginning again", metadata: ["error": "\(error)"])
    }
  }

  /// Type, code, checksum and four bytes of nothing at least (RFC 4861 §4.1); the type is the kernel's filter's.
  private static func isSolicitation(_ datagram: LinkSocket.Datagram) -> Bool {
    let bytes = datagram.data.readableBytesView
    return bytes.count >= 8 && bytes.first == RouterAdvertisement.solicitationType && bytes.dropFirst().first == 0
  }
}

/// So many in each second, and no more.
struct AnswerBudget {
  private let limit: Int
  private var left: Int
  private var refill: ContinuousClock.Instant?

  init(perSecond limit: Int) {
    self.limit = limit
    left = limit
  }

  /// Whether one more may be given now.
  mutating func take(at now: ContinuousClock.Instant) -> Bool {
    if refill.map({ now >= $0 }) ?? true { (left, refill) = (limit, now + .seconds(1)) }
    guard left > 0 else { return false }
    left -= 1
    return true
  }
}

extension RouterAdvertiser: CustomStringConvertible {
  /// `router advertisements on eth0`, as the service's life is logged.
  public var description: String { "router advertisements on \(interface)" }
}
