import BareMetal
import NIOCore
import NIOPosix

/// Finds BMCs' addresses by name, off the event loop. Confined to its event loop.
final class AddressResolver {
  /// Threads that may wait for DNS.
  private static let threads = 2

  /// Names asked for at a time; DNS that is dead takes 10 s and more for each.
  private static let mostPending = 256

  /// An answer is used for so long: a burst of requests asks once, and a BMC that moves is found soon.
  private static let lifetime: Duration = .seconds(30)

  /// Answers kept.
  private static let mostAnswers = 16_384

  private struct Name: Hashable {
    let host: String
    let port: UInt16
  }

  private let loop: any EventLoop
  private var pool: NIOThreadPool?
  private var answers: [Name: (address: SocketAddress, until: ContinuousClock.Instant)] = [:]
  private var pending: [Name: EventLoopFuture<SocketAddress>] = [:]

  init(on loop: any EventLoop) { self.loop = loop }

  /// The address, if it is one or was found a moment ago.
  func known(_ host: String, _ port: UInt16, at now: ContinuousClock.Instant) -> SocketAddress? {
    if let address = try? SocketAddress(ipAddress: host, port: Int(port)) { return address }
    guard let answer = answers[Name(host: host, port: port)], answer.until > now else { return nil }
    return answer.address
  }

  /// `nil`: too many names are being asked for.
  func resolve(_ host: String, _ port: UInt16) -> EventLoopFuture<SocketAddress>? {
    let name = Name(host: host, port: port)
    if let running = pending[name] { return running }
    guard pending.count < Self.mostPending else { return nil }
    let pool = self.pool ?? NIOThreadPool(numberOfThreads: Self.threads)
    if self.pool == nil {
      pool.start()
      self.pool = pool
    }
    let resolver = NIOLoopBound(self, eventLoop: loop)
    let future = pool.runIfActive(eventLoop: loop) {
      try SocketAddress.makeAddressResolvingHost(host, port: Int(port))
    }
    pending[name] = future
    future.whenComplete { result in resolver.value.answered(name, result) }
    return future
  }

  private func answered(_ name: Name, _ result: Result<SocketAddress, any Error>) {
    pending[name] = nil
    guard case .success(let address) = result else { return }
    if answers.count >= Self.mostAnswers { answers.removeAll() }
    answers[name] = (address, .now + Self.lifetime)
  }

  /// The threads, for whoever ends them.
  func close() -> NIOThreadPool? {
    defer { pool = nil }
    return pool
  }
}
