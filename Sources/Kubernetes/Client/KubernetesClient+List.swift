import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOFoundationCompat

/// A whole collection at one moment.
public struct KubernetesList<Object: Decodable & Sendable>: Sendable {
  public var items: [Object]
  /// Those that somebody edited into something that cannot be read.
  public var unreadable: [Unreadable]
  /// Where a watch that follows begins.
  public var resourceVersion: String
}

extension KubernetesClient {
  /// How often a list is begun anew because the server forgot the moment that its first pages are of.
  private static let restarts = 2

  /// What stands around the objects of a page.
  private struct Envelope: Decodable {
    struct Metadata: Decodable {
      var resourceVersion: String
      var `continue`: String?
    }
    var metadata: Metadata
  }

  /// All objects of a collection, as they are now, in pages.
  ///
  /// Where the server has forgotten what the first pages are of (410) before the last was read, it is begun anew; where
  /// that happens again and again, everything is asked for at once.
  /// - Parameter prepare: what is done to each object as it comes, before the next one does.
  public func list<Object: Decodable & Sendable>(
    _ collection: ResourcePath, labelSelector: String? = nil, as type: Object.Type,
    prepare: @escaping @Sendable (inout Object) -> Void = { _ in }
  ) async throws(KubernetesError) -> KubernetesList<Object> {
    let query = labelSelector.map { [("labelSelector", $0)] } ?? []
    for _ in 0...Self.restarts {
      do throws(KubernetesError) {
        return try await pages(collection, query, prepare)
      } catch {
        guard error.reason == .expired else { throw error }
      }
    }
    return try await page(collection, query, prepare).list
  }

  /// All objects of a collection, as they were at a version or later: what the server has at hand, which it need not ask
  /// its database for. Much cheaper for it, and for who watches from there as good.
  /// - Parameter version: "0": at any time.
  public func list<Object: Decodable & Sendable>(
    _ collection: ResourcePath, notOlderThan version: String, as type: Object.Type,
    prepare: @escaping @Sendable (inout Object) -> Void = { _ in }
  ) async throws(KubernetesError) -> KubernetesList<Object> {
    do throws(KubernetesError) {
      return try await page(collection, [("resourceVersion", version)], prepare).list
    } catch {
      switch error.reason {
      // It is behind, or its database was restored and begins anew (504, "Too large resource version").
      case .expired, .serverFailure: return try await list(collection, as: type, prepare: prepare)
      default: throw error
      }
    }
  }

  private func pages<Object: Decodable & Sendable>(
    _ collection: ResourcePath, _ query: [(String, String)], _ prepare: @escaping @Sendable (inout Object) -> Void
  ) async throws(KubernetesError) -> KubernetesList<Object> {
    var list = KubernetesList<Object>(items: [], unreadable: [], resourceVersion: "")
    var token: String?
    repeat {
      var query = query + [("limit", String(configuration.pageSize))]
      if let token { query.append(("continue", token)) }
      let (page, next) = try await page(collection, query, prepare)
      list.items += page.items
      list.unreadable += page.unreadable
      list.resourceVersion = page.resourceVersion
      guard next == nil || next != token else {
        throw KubernetesError(.malformed, "list \(collection): the server gives the same page for ever")
      }
      token = next
    } while token != nil
    return list
  }

  /// What one answer has, and where the next page begins.
  private func page<Object: Decodable & Sendable>(
    _ collection: ResourcePath, _ query: [(String, String)], _ prepare: @escaping @Sendable (inout Object) -> Void
  ) async throws(KubernetesError) -> (list: KubernetesList<Object>, next: String?) {
    var call = APICall(
      verb: .list, path: collection, query: query, maximumBytes: configuration.maximumAnswerBytes)
    call.time = configuration.listTime
    let maximumObjectBytes = configuration.maximumObjectBytes
    let (parts, envelope) = try await send(call) { [call] body in
      var list = KubernetesList<Object>(items: [], unreadable: [], resourceVersion: "")
      var framer = ListFramer(maximumBytes: maximumObjectBytes)
      let decoder = JSONDecoder()
      var bytes = 0
      for try await chunk in body {
        bytes += chunk.readableBytes
        guard bytes <= call.maximumBytes else { throw NIOTooManyBytesError(maxBytes: call.maximumBytes) }
        for object in try framer.append(chunk) {
          switch try Self.received(object, as: Object.self, by: decoder) {
          case .object(var object):
            prepare(&object)
            list.items.append(object)
          case .unreadable(let unreadable): list.unreadable.append(unreadable)
          }
        }
      }
      guard framer.isWhole else { throw ListFramer.Malformed(problem: "it ends in the middle") }
      return (list, framer.envelope)
    }
    let metadata = (try decode(call, envelope) as Envelope).metadata
    var list = parts
    list.resourceVersion = metadata.resourceVersion
    return (list, metadata.continue.flatMap { $0.isEmpty ? nil : $0 })
  }

  /// - Throws: where it is not even JSON.
  private static func received<Object: Decodable & Sendable>(
    _ object: ByteBuffer, as type: Object.Type, by decoder: JSONDecoder
  ) throws(ListFramer.Malformed) -> Received<Object> {
    do {
      return try decoder.decode(Received<Object>.self, from: Data(buffer: object))
    } catch {
      throw ListFramer.Malformed(problem: Unreadable.reason(error))
    }
  }
}
