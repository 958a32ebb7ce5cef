import BareMetal
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
  /// Reads a JSON body of at most `limit` bytes. The body stays with the request.
  mutating func json<Value: Decodable>(_ type: Value.Type = Value.self, limit: Int) async throws -> Value {
    let tooLarge = Refusal(.contentTooLarge, "the body is larger than \(limit) bytes")
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    let body: ByteBuffer
    do {
      body = try await collectBody(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    } catch {
      throw Refusal(.badRequest, "the body is broken off, or not HTTP")
    }
    let data = Data(body.readableBytesView)
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw Refusal(.badRequest, error.line(isJSON: (try? JSONDecoder().decode(JSONValue.self, from: data)) != nil))
    }
  }
}

extension DecodingError {
  /// `hardware.memory.modules[0].size: not of the expected type`
  ///
  /// - Parameter isJSON: Foundation does not tell bad syntax from a number that does not fit, and where that is.
  func line(isJSON: Bool) -> String {
    switch self {
    case .keyNotFound(let key, let context): "\(Self.path(context.codingPath + [key])): missing"
    case .typeMismatch(_, let context): "\(Self.path(context.codingPath)): not of the expected type"
    case .valueNotFound(_, let context): "\(Self.path(context.codingPath)): null where a value is expected"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      isJSON ? "a number does not fit its field" : "the body is not JSON"
    case .dataCorrupted(let context): "\(Self.path(context.codingPath)): not acceptable"
    @unknown default: "the body cannot be read"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    let path = keys.reduce(into: "") { path, key in
      if let index = key.intValue { path += "[\(index)]" } else { path += (path.isEmpty ? "" : ".") + key.stringValue }
    }
    return path.isEmpty ? "the body" : path
  }
}
