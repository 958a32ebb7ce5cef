public import BareMetal
import CoreMetrics
public import Logging
public import ServiceLifecycle
import Synchronization
public import Wire

/// Tells a cluster what happens to its objects: core/v1 Events, one for each thing, with a count. What cannot be read, and
/// so has nobody who writes its status, gets a condition from here, too (``ReadableMark``).
///
/// Recording never waits. Telling is slow on purpose, one at a time; while the cluster is away what happens is kept, up to
/// ``EventLedger/capacity`` things, and told when it is back.
public final class KubernetesEvents: EventRecorder, Service {
  /// Between two writes.
  private static let pause = Duration.milliseconds(50)
  /// Before the next attempt where the cluster does not answer.
  private static let faultPause = Duration.seconds(5)

  private let client: KubernetesClient
  private let host: String
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let ledger = Mutex(EventLedger())
  private let wake: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation
  private let told = Counter(label: "siderite_kubernetes_events_total", dimensions: [("result", "told")])
  private let dropped = Counter(label: "siderite_kubernetes_events_total", dimensions: [("result", "dropped")])

  /// - Parameter host: this boot host's name, as the Events' source.
  public init(
    _ client: KubernetesClient, host: String, logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) {
    self.client = client
    self.host = host
    self.logger = logger
    self.now = now
    (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  public func record(_ event: ObjectEvent) {
    let time = now()
    let isKept = ledger.withLock { $0.record(event, named: Self.name(event), at: time) }
    if isKept { waker.yield() } else { dropped.increment() }
  }

  /// Tells until graceful shutdown or cancellation.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let time = self.now()
        if let entry = self.ledger.withLock({ $0.next(at: time) }) {
          try? await Task.sleep(for: await self.tell(entry) ? Self.pause : Self.faultPause)
        } else {
          await self.rest()
        }
      }
    }
  }

  /// Until something new happens, or what has happened again is due.
  private func rest() async {
    if ledger.withLock({ $0.isUntold }) {
      try? await Task.sleep(for: .seconds(1))
    } else {
      for await _ in wake { break }
    }
  }

  /// - Returns: `false` where the cluster does not answer.
  private func tell(_ entry: EventLedger.Entry) async -> Bool {
    let object = EventObject(entry, host: host)
    let collection = ResourcePath(apiVersion: "v1", plural: "events", namespace: object.metadata.namespace)
    do throws(KubernetesError) {
      try await mark(entry.event)
      if entry.told == 0 {
        _ = try await client.create(object, in: collection, as: SecretObject.Head.self)
      } else {
        var path = collection
        path.name = entry.name
        let changes: [String: JSONValue] = [
          "count": .integer(Int64(entry.count)), "lastTimestamp": .string(object.lastTimestamp),
        ]
        _ = try await client.patch(path, .merge(.object(changes)), as: SecretObject.Head.self)
      }
      succeeded(entry)
      return true
    } catch {
      switch error.reason {
      // An answer that was lost: it is told.
      case .alreadyExists: succeeded(entry)
      // The cluster forgets Events after an hour.
      case .notFound where entry.told > 0:
        let name = Self.name(entry.event)
        ledger.withLock { $0.untold(entry, named: name) }
      case .unreachable, .untrusted, .noAnswer, .noCredentials, .unauthorized, .throttled, .serverFailure, .malformed,
        .cancelled:
        return false
      default:
        ledger.withLock { $0.forget(entry) }
        dropped.increment()
        logger.warning("An Event was refused", metadata: ["error": "\(error)"])
      }
      return true
    }
  }

  /// What is refused is refused; the Event tells of it all the same.
  private func mark(_ event: ObjectEvent) async throws(KubernetesError) {
    do throws(KubernetesError) {
      try await ReadableMark(event)?.write(by: client, at: now())
    } catch {
      switch error.reason {
      case .forbidden, .invalid, .conflict, .notFound, .unserved:
        logger.warning("A condition was refused", metadata: ["error": "\(error)"])
      default: throw error
      }
    }
  }

  private func succeeded(_ entry: EventLedger.Entry) {
    let time = now()
    ledger.withLock { $0.told(entry, at: time) }
    told.increment()
  }

  /// `<object>.<16 hexadecimal digits>`
  private static func name(_ event: ObjectEvent) -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    let suffix = "." + String(repeating: "0", count: 16 - digits.count) + digits
    let name = event.subject.name + suffix
    return ResourceName.isValid(name) ? name : "object" + suffix
  }
}
