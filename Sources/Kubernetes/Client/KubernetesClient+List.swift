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

  private struct Page<Object: Decodable & Sendable>: Decodable {
    struct Metadata: Decodable {
      var resourceVersion: String
      var `continue`: String?
    }
    var metadata: Metadata
    var items: [Received<Object>]?
  }

  /// All objects of a collection, in pages.
  ///
  /// Where the server has forgotten what the first pages are of (410) before the last was read, it is begun anew; where
  /// that happens again and again, everything is asked for at once.
  /// - Parameter prepare: what is done to each object as it comes, before the next page does.
  public func list<Object: Decodable & Sendable>(
    _ collection: ResourcePath, labelSelector: String? = nil, as type: Object.Type,
    prepare: @Sendable (inout Object) -> Void = { _ in }
  ) async throws(KubernetesError) -> KubernetesList<Object> {
    for _ in 0...Self.restarts {
      do throws(KubernetesError) {
        return try await list(collection, labelSelector, pageSize: configuration.pageSize, prepare)
      } catch {
        guard error.reason == .expired else { throw error }
      }
    }
    return try await list(collection, labelSelector, pageSize: nil, prepare)
  }

  private func list<Object: Decodable & Sendable>(
    _ collection: ResourcePath, _ labelSelector: String?, pageSize: Int?, _ prepare: @Sendable (inout Object) -> Void
  ) async throws(KubernetesError) -> KubernetesList<Object> {
    var list = KubernetesList<Object>(items: [], unreadable: [], resourceVersion: "")
    var token: String?
    repeat {
      var call = APICall(
        verb: .list, path: collection, maximumBytes: configuration.maximumAnswerBytes)
      if let labelSelector { call.query.append(("labelSelector", labelSelector)) }
      if let pageSize { call.query.append(("limit", String(pageSize))) }
      if let token { call.query.append(("continue", token)) }
      let page: Page<Object> = try decode(call, try await send(call))
      for item in page.items ?? [] {
        switch item {
        case .object(var object):
          prepare(&object)
          list.items.append(object)
        case .unreadable(let unreadable): list.unreadable.append(unreadable)
        }
      }
      list.resourceVersion = page.metadata.resourceVersion
      let next = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
      guard next == nil || next != token else {
        throw KubernetesError(.malformed, "\(call.name): the server gives the same page for ever")
      }
      token = next
    } while token != nil
    return list
  }
}
