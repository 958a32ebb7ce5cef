import BareMetal

/// An object of a list or a watch, which somebody may have edited into something that cannot be read: the others are not
/// to suffer from it.
enum Received<Object: Decodable & Sendable>: Decodable, Sendable {
  case object(Object)
  case unreadable(Unreadable)

  init(from decoder: any Decoder) throws {
    do {
      self = .object(try Object(from: decoder))
    } catch {
      self = .unreadable(Unreadable(decoder, because: error))
    }
  }

  var object: Object? {
    if case .object(let object) = self { object } else { nil }
  }
}

/// What is left of an object that cannot be read.
public struct Unreadable: Hashable, Sendable {
  public var namespace: String?
  public var name: String
  public var uid: String?
  public var resourceVersion: String?
  /// Where, and what.
  public var problem: String

  /// Its ``ObjectMeta/key``.
  public var key: String { namespace.map { "\($0)/\(name)" } ?? name }

  init(_ decoder: any Decoder, because error: any Error) {
    struct Head: Decodable {
      struct Metadata: Decodable {
        var namespace: String?
        var name: String?
        var uid: String?
        var resourceVersion: String?
      }
      var metadata: Metadata?
    }
    let metadata = (try? Head(from: decoder))?.metadata
    namespace = metadata?.namespace
    name = metadata?.name ?? ""
    uid = metadata?.uid
    resourceVersion = metadata?.resourceVersion
    problem = Self.reason(error)
  }

  /// The path and what was expected there; not the value.
  static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return PlainText.line("\(error)") }
    func text(_ context: DecodingError.Context, _ more: [any CodingKey] = []) -> String {
      let path = (context.codingPath + more).reduce(into: "") { path, key in
        if let index = key.intValue {
          path += "[\(index)]"
        } else {
          path += (path.isEmpty ? "" : ".") + key.stringValue
        }
      }
      return PlainText.line((path.isEmpty ? "" : "\(path): ") + context.debugDescription)
    }
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      return text(context)
    case .keyNotFound(let key, let context): return text(context, [key])
    @unknown default: return "it is not as expected"
    }
  }
}
