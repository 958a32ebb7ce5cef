import BareMetal
import HTTPTypes
import Hummingbird

/// A change of an object, as people or programs write it.
enum ResourcePatch: Sendable {
  /// RFC 7396, `application/merge-patch+json`
  case merge(JSONValue)
  /// RFC 6902, `application/json-patch+json`
  case operations([ConfigPatch])

  init(_ request: inout Request, limit: Int) async throws {
    let type = request.headers[.contentType]?.split(separator: ";").first.map { String($0) }
    switch type {
    case "application/merge-patch+json":
      let patch: JSONValue = try await request.json(limit: limit)
      guard case .object = patch else { throw Refusal(.badRequest, "a merge patch is a JSON object") }
      self = .merge(patch)
    case "application/json-patch+json": self = .operations(try await request.json(limit: limit))
    default:
      throw Refusal(
        .unsupportedMediaType, "a patch is application/merge-patch+json or application/json-patch+json")
    }
  }

  /// - Throws: ``Refusal`` when it does not apply, with the operation that does not.
  func applied(to object: JSONValue) throws(Refusal) -> JSONValue {
    switch self {
    case .merge(let patch): return object.merging(patch)
    case .operations(let operations):
      do {
        return try object.patched(by: operations)
      } catch {
        throw Refusal(invalid: "the patch", [error])
      }
    }
  }
}

/// What is asked of a deletion (`meta/v1` DeleteOptions, the fields we know).
struct ResourceDeletion: Decodable, Sendable {
  struct Preconditions: Decodable, Sendable {
    var resourceVersion: String?
    var uid: String?
  }

  var preconditions: Preconditions?
  var dryRun: [String]?
}

extension Request {
  /// The body of a deletion, which may be absent.
  mutating func deletion(limit: Int) async throws -> ResourceDeletion {
    guard headers[.contentLength].map({ $0 != "0" }) ?? (headers[.transferEncoding] != nil) else {
      return ResourceDeletion()
    }
    return try await json(limit: limit)
  }
}
