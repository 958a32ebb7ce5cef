import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
  /// Plain text.
  static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// JSON, keys sorted, so that the same state is the same bytes.
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    var bytes = try JSONEncoder.plain.encode(value)
    bytes.append(0x0a)
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}

extension JSONEncoder {
  /// Sorted keys, slashes as they are.
  static var plain: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}
