public import BareMetal
import FoundationEssentials
import NIOCore
import NIOFoundationCompat

/// How an object is changed by a part of it.
public enum KubernetesPatch: Sendable {
  /// RFC 6902: all operations, or none.
  case json([ConfigPatch])
  /// RFC 7396: objects are merged, `null` takes away, everything else replaces.
  case merge(JSONValue)
  /// Server-side apply: what `manager` wants; what it wanted before and no longer says is taken away. `force` takes
  /// fields from other managers.
  case apply(JSONValue, manager: String, force: Bool)
}

/// What must hold for a deletion.
public struct KubernetesPreconditions: Encodable, Hashable, Sendable {
  public var uid: String?
  public var resourceVersion: String?

  public init(uid: String? = nil, resourceVersion: String? = nil) {
    self.uid = uid
    self.resourceVersion = resourceVersion
  }
}

extension KubernetesClient {
  /// Who made a change, in `metadata.managedFields`.
  public static let fieldManager = "siderite"

  /// The object, or `nil`.
  public func get<Object: Decodable>(
    _ path: ResourcePath, as type: Object.Type
  ) async throws(KubernetesError) -> Object? {
    let call = APICall(verb: .get, path: path, maximumBytes: configuration.maximumObjectBytes)
    do throws(KubernetesError) {
      return try decode(call, try await send(call))
    } catch {
      if error.reason == .notFound { return nil }
      throw error
    }
  }

  /// Creates an object in a collection.
  ///
  /// Not repeated when no answer came: it may be there. Then the error says ``KubernetesError/mayHaveBeenDone``.
  public func create<Object: Decodable>(
    _ object: some Encodable, in collection: ResourcePath, as type: Object.Type
  ) async throws(KubernetesError) -> Object {
    var call = APICall(
      verb: .create, path: collection, query: [("fieldManager", Self.fieldManager)],
      maximumBytes: configuration.maximumObjectBytes)
    call.body = try encode(call, object)
    call.repetition = .ifNothingWasDone
    return try decode(call, try await send(call))
  }

  /// Replaces an object; it carries the `resourceVersion` it was computed from.
  public func update<Object: Decodable>(
    _ object: some Encodable, at path: ResourcePath, as type: Object.Type
  ) async throws(KubernetesError) -> Object {
    var call = APICall(
      verb: .update, path: path, query: [("fieldManager", Self.fieldManager)],
      maximumBytes: configuration.maximumObjectBytes)
    call.body = try encode(call, object)
    return try decode(call, try await send(call))
  }

  /// Changes an object by a part of it. A merge that carries `metadata.resourceVersion` is refused as a conflict when the
  /// object has another one.
  public func patch<Object: Decodable>(
    _ path: ResourcePath, _ patch: KubernetesPatch, as type: Object.Type
  ) async throws(KubernetesError) -> Object {
    var call = APICall(
      verb: .patch, path: path, query: [("fieldManager", Self.fieldManager)],
      maximumBytes: configuration.maximumObjectBytes)
    switch patch {
    case .json(let operations):
      call.contentType = "application/json-patch+json"
      call.body = try encode(call, operations)
      // Its operations may add up: an "add" to a list does.
      call.repetition = .ifNothingWasDone
    case .merge(let changes):
      call.contentType = "application/merge-patch+json"
      call.body = ByteBuffer(string: changes.jsonText)
    case .apply(let wanted, let manager, let force):
      call.contentType = "application/apply-patch+yaml"
      call.query = [("fieldManager", manager), ("force", force ? "true" : "false")]
      call.body = ByteBuffer(string: wanted.jsonText)
    }
    return try decode(call, try await send(call))
  }

  /// Deletes an object; what belongs to it goes in the background.
  /// - Returns: what the server says of it: the object where finalizers keep it, else a `Status`.
  @discardableResult
  public func delete(
    _ path: ResourcePath, if preconditions: KubernetesPreconditions = KubernetesPreconditions()
  ) async throws(KubernetesError) -> JSONValue {
    struct Options: Encodable {
      var apiVersion = "v1"
      var kind = "DeleteOptions"
      var propagationPolicy = "Background"
      var preconditions: KubernetesPreconditions?
    }
    var call = APICall(
      verb: .delete, path: path, maximumBytes: configuration.maximumObjectBytes)
    let isConditional = preconditions != KubernetesPreconditions()
    call.body = try encode(call, Options(preconditions: isConditional ? preconditions : nil))
    // A second time it might be another object of that name.
    call.repetition = isConditional ? .harmless : .ifNothingWasDone
    return try decode(call, try await send(call))
  }

  func encode(_ call: APICall, _ value: some Encodable) throws(KubernetesError) -> ByteBuffer {
    do {
      return ByteBuffer(data: try JSONEncoder().encode(value))
    } catch {
      throw KubernetesError(.invalid, "\(call.name): it cannot be written as JSON")
    }
  }

  func decode<Value: Decodable>(_ call: APICall, _ body: ByteBuffer) throws(KubernetesError) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(buffer: body))
    } catch {
      var failure = KubernetesError(
        .malformed, "\(call.name): what came back cannot be read: \(Unreadable.reason(error))")
      // It was a success, by its status.
      failure.mayHaveBeenDone = call.verb != .get && call.verb != .list
      throw failure
    }
  }
}
