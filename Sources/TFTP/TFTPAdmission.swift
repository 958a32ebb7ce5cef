/// Which requests are answered, and when: the table of one listener's transfers, without its sockets.
///
/// A client is its address and port, a host its address alone. A request is queued first and begun when there is room,
/// so that the socket is read dry before work is done. Whatever clients send, it holds at most
/// ``Limits/waiting`` requests and ``Limits/transfers`` transfers, of one host no more than ``Limits/transfersPerHost``.
///
/// ```
/// (unknown) ──admit──▶ waiting ──next──▶ open ──end──▶ (unknown)
///                         └──next: too late, end──────────▲
/// ```
public struct TFTPAdmission<Address: Hashable, Session> {
  /// What is kept at most.
  public struct Limits: Hashable, Sendable {
    /// Transfers at a time.
    public var transfers: Int
    /// Transfers and waiting requests of one host.
    public var transfersPerHost: Int
    /// Requests that wait for their turn.
    public var waiting: Int
    /// A request that waited so long has been repeated or given up by its client.
    public var longestWait: Duration

    public init(
      transfers: Int = 4096, transfersPerHost: Int = 64, waiting: Int = 4096, longestWait: Duration = .seconds(10)
    ) {
      self.transfers = transfers
      self.transfersPerHost = transfersPerHost
      self.waiting = waiting
      self.longestWait = longestWait
    }
  }

  /// Why a request is dropped; the client asks again.
  public enum Refusal: Hashable, Sendable {
    case tooManyOfHost
    case queueFull
  }

  /// Whose turn it is.
  public enum Turn {
    /// Begin it; it counts as a transfer until ``end(_:)``.
    case begin(Session)
    /// It waited too long: end it without a word.
    case tooLate(Session)
  }

  private struct Entry {
    var session: Session
    var host: Address
    var requestedAt: ContinuousClock.Instant
    var number: UInt64
    var isOpen = false
  }

  public let limits: Limits

  /// Transfers begun and not ended.
  public private(set) var openCount = 0

  private var entries: [Address: Entry] = [:]
  private var countOfHost: [Address: Int] = [:]
  private var lastNumber: UInt64 = 0

  /// In the order they came; what has ended meanwhile is passed over. Taken from `head` on.
  private var queue: [(client: Address, number: UInt64)] = []
  private var head = 0

  public init(limits: Limits) { self.limits = limits }

  /// Requests waiting and transfers.
  public var count: Int { entries.count }

  /// Requests that wait, those included that have ended since.
  public var waitingCount: Int { queue.count - head }

  /// Those of all clients, in no order.
  public var sessions: [Session] { entries.values.map(\.session) }

  /// What a client has asked for before.
  public func session(of client: Address) -> Session? { entries[client]?.session }

  /// Whether another request of `host` would be taken.
  public func refusal(for host: Address) -> Refusal? {
    if countOfHost[host, default: 0] >= limits.transfersPerHost { return .tooManyOfHost }
    return waitingCount >= limits.waiting ? .queueFull : nil
  }

  /// Puts a request into the queue. A client has one session: end the one before.
  public mutating func admit(
    _ session: Session, from client: Address, of host: Address, at now: ContinuousClock.Instant
  ) -> Refusal? {
    if let refusal = refusal(for: host) { return refusal }
    end(client)
    lastNumber += 1
    entries[client] = Entry(session: session, host: host, requestedAt: now, number: lastNumber)
    countOfHost[host, default: 0] += 1
    queue.append((client, lastNumber))
    return nil
  }

  /// The next whose turn it is; `nil` when none waits or there is no room.
  public mutating func next(at now: ContinuousClock.Instant) -> Turn? {
    while openCount < limits.transfers, head < queue.count {
      let (client, number) = queue[head]
      head += 1
      // What was taken is given back now and then, which costs nothing in the mean.
      if head > 64, head * 2 > queue.count {
        queue.removeFirst(head)
        head = 0
      }
      guard let entry = entries[client], entry.number == number, !entry.isOpen else { continue }
      openCount += 1
      entries[client]?.isOpen = true
      return now - entry.requestedAt < limits.longestWait ? .begin(entry.session) : .tooLate(entry.session)
    }
    return nil
  }

  /// A session is over.
  public mutating func end(_ client: Address) {
    guard let entry = entries.removeValue(forKey: client) else { return }
    if let count = countOfHost[entry.host] { countOfHost[entry.host] = count > 1 ? count - 1 : nil }
    if entry.isOpen { openCount -= 1 }
  }
}
