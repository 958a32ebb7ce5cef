import BareMetal
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension AdminAPI {
  /// `GET /boots`: what the journal holds; with `watch=true`, what it hears.
  func boots(_ request: Request) throws -> Response {
    guard request.uri.queryParameters["watch"] == "true" else { return try .json(journal.records()) }
    guard let updates = journal.follow() else {
      throw Refusal(
        .serviceUnavailable, "\(BootJournal.Limits.followers) watchers are connected already", retryAfterSeconds: 10)
    }
    return Response(
      status: .ok, headers: [.contentType: "application/json; stream=watch"],
      body: ResponseBody { writer in
        var output = writer
        try await request.body.consumeWithCancellationOnInboundClose { _ in
          let encoder = JSONEncoder.plain
          for await update in updates {
            var line = try encoder.encode(update)
            line.append(0x0a)
            try await output.write(ByteBuffer(bytes: line))
          }
        }
        try await writer.finish(nil)
      })
  }
}
