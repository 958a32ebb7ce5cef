import NIOCore
import NIOHTTP1

/// One request to the API server, as often as it takes.
struct APICall: Sendable {
  var verb: RequestCounts.Verb
  var path: ResourcePath
  var query: [(String, String)] = []
  var body: ByteBuffer?
  var contentType = "application/json"
  var repetition = RetryPolicy.Repetition.harmless
  var maximumBytes: Int
  /// For the answer to its last byte; the configuration's for any answer where `nil`. It begins within that in any case.
  var time: Duration?

  var method: HTTPMethod {
    switch verb {
    case .get, .list, .watch: .GET
    case .create: .POST
    case .update: .PUT
    case .patch: .PATCH
    case .delete: .DELETE
    }
  }

  /// How people know it: `update servers/a`.
  var name: String { "\(verb.rawValue) \(path)" }
}
