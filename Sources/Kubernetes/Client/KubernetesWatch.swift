import FoundationEssentials
import Logging
import NIOCore
import NIOFoundationCompat

/// What happened to an object of a collection.
public enum KubernetesChange<Object: Decodable & Sendable>: Sendable {
  case added(Object)
  case modified(Object)
  case deleted(Object)
  /// Somebody edited it into something that cannot be read: what was known of it before still is the best there is.
  case unreadable(Unreadable)
  /// Changes were lost: list again, watch from there. The last one.
  case reset
}

/// Follows a collection for as long as it is asked to: over ends of the connection, silence, and absence of the server,
/// each time from where it was. Read by one task at a time, which sets the pace: nothing is buffered but what is under way.
public final class KubernetesWatch<Object: Decodable & Sendable>: @unchecked Sendable {
  private let client: KubernetesClient
  private let path: ResourcePath
  private let policy = RetryPolicy(attempts: .max, first: .milliseconds(250), longest: .seconds(30))
  private let decoder = JSONDecoder()
  private var position: String
  private var body: WatchBody?
  /// When the answer that is being read began.
  private var opened = ContinuousClock.now
  private var framer: LineFramer
  /// In a row, without an event in between.
  private var failures = 0
  /// Events in a row that could not be read: from this position nothing else may ever come.
  private var unreadableEvents = 0
  /// When the server wants to be asked again, where it said so.
  private var retryAfter: Duration?
  private var isOver = false
  private var random = SystemRandomNumberGenerator()

  /// Then a list gets over what a watch does not.
  private static var maximumUnreadableEvents: Int { 4 }

  /// Begins at once, so that what cannot be watched at all says so here.
  init(_ client: KubernetesClient, _ path: ResourcePath, after version: String) async throws(KubernetesError) {
    self.client = client
    self.path = path
    position = version
    framer = LineFramer(maximumBytes: client.configuration.maximumObjectBytes)
    do throws(KubernetesError) {
      try await open()
    } catch {
      // The first event will be .reset.
      guard error.reason == .expired else { throw error }
      failures = 1
    }
  }

  /// The next change; `nil` after ``KubernetesChange/reset``, and when the task is cancelled.
  public func next() async -> KubernetesChange<Object>? {
    while !isOver, !Task.isCancelled {
      do throws(KubernetesError) {
        if body == nil {
          await pause()
          if Task.isCancelled { break }
          try await open()
        }
        if let line = try await nextLine() {
          if let change = try change(line) {
            failures = 0
            unreadableEvents = 0
            return change
          }
        } else {
          // The server ended it: it does so now and then. One that never says anything is not asked without pause.
          broken(nil)
        }
      } catch {
        switch error.reason {
        case .expired:
          isOver = true
          return .reset
        case .cancelled: break
        case .malformed where unreadableEvents >= Self.maximumUnreadableEvents:
          isOver = true
          return .reset
        case .malformed:
          unreadableEvents += 1
          broken(error)
        default: broken(error)
        }
      }
    }
    return nil
  }

  private var call: APICall {
    var call = APICall(verb: .watch, path: path, maximumBytes: client.configuration.maximumObjectBytes)
    let seconds = max(1, client.configuration.watchTime.components.seconds)
    call.query = [
      ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", position),
      ("timeoutSeconds", String(Int64.random(in: max(1, seconds / 2)...seconds))),
    ]
    return call
  }

  private func open() async throws(KubernetesError) {
    body = try await client.open(call)
    opened = .now
    framer = LineFramer(maximumBytes: client.configuration.maximumObjectBytes)
  }

  private func broken(_ error: KubernetesError?) {
    // One that lasted is no sign of trouble: API servers end watches now and then, and some say nothing at all of kinds that
    // nothing happens to, not even bookmarks. Without this, such a kind would be looked at with longer and longer pauses.
    let lasted = body != nil && opened.duration(to: .now) >= client.configuration.watchSilence
    body = nil
    failures = lasted ? 1 : failures + 1
    retryAfter = error?.retryAfter
    guard let error, failures == 1 || failures.isMultiple(of: 20) else { return }
    client.logger.log(
      level: lasted ? .debug : .warning,
      "A watch of the cluster broke off", metadata: ["kind": "\(path.plural)", "error": "\(error)"])
  }

  private func pause() async {
    var failure = KubernetesError(.noAnswer, "")
    failure.retryAfter = retryAfter
    let delay = policy.delay(
      after: failure, attempt: failures, .harmless, remaining: .seconds(3600), using: &random)
    try? await Task.sleep(for: delay ?? policy.longest)
  }

  private func nextLine() async throws(KubernetesError) -> ByteBuffer? {
    while true {
      do throws(LineFramer.Overflow) {
        if let line = try framer.next() { return line }
      } catch {
        throw KubernetesError(.malformed, "watch \(path): an event of more than \(error.limit) bytes")
      }
      let chunk: ByteBuffer?
      do {
        chunk = try await body?.next()
      } catch {
        throw Task.isCancelled ? KubernetesError(.cancelled, "") : client.failure(call, error)
      }
      guard let chunk else { return nil }
      framer.append(chunk)
    }
  }

  private struct Frame: Decodable {
    struct Bookmark: Decodable {
      struct Metadata: Decodable { var resourceVersion: String? }
      var metadata: Metadata?
    }
    enum CodingKeys: String, CodingKey { case type, object }

    var type: String
    var object: Received<Object>?
    var version: String?
    var status: KubernetesStatus?

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      type = try container.decode(String.self, forKey: .type)
      switch type {
      case "ADDED", "MODIFIED", "DELETED": object = try container.decode(Received<Object>.self, forKey: .object)
      case "ERROR": status = try container.decode(KubernetesStatus.self, forKey: .object)
      default: break
      }
      version = try? container.decode(Bookmark.self, forKey: .object).metadata?.resourceVersion
    }
  }

  /// What a line says; `nil` for a bookmark, and for what is not known yet to Kubernetes of today.
  private func change(_ line: ByteBuffer) throws(KubernetesError) -> KubernetesChange<Object>? {
    guard let frame = try? decoder.decode(Frame.self, from: Data(buffer: line)) else {
      // An object cut in two by the end of the connection, or a proxy's words.
      throw KubernetesError(.malformed, "watch \(path): an event that cannot be read")
    }
    if let status = frame.status {
      throw KubernetesError(
        status: status.code ?? 500, told: status, request: "watch \(path)", retryAfter: nil)
    }
    if let version = frame.version, !version.isEmpty { position = version }
    if frame.type == "BOOKMARK" { failures = 0 }
    switch frame.object {
    case nil: return nil
    // What it was is not known, but that it is gone: a list tells who is left.
    case .unreadable where frame.type == "DELETED":
      isOver = true
      return .reset
    case .unreadable(let unreadable): return .unreadable(unreadable)
    case .object(let object):
      switch frame.type {
      case "ADDED": return .added(object)
      case "MODIFIED": return .modified(object)
      default: return .deleted(object)
      }
    }
  }
}

extension KubernetesClient {
  /// Follows a collection after a list's version.
  public func watch<Object: Decodable & Sendable>(
    _ collection: ResourcePath, after version: String, as type: Object.Type
  ) async throws(KubernetesError) -> KubernetesWatch<Object> {
    try await KubernetesWatch(self, collection, after: version)
  }
}
