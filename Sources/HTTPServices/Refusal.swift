import BareMetal
import HTTPTypes
import Hummingbird

/// Why a request is not served: a status and one line for people, with nothing of our insides in it.
struct Refusal: Error {
  var status: HTTPResponse.Status
  var reason: String
  /// Seconds after which trying again makes sense (`Retry-After`).
  var retryAfterSeconds: Int?

  init(_ status: HTTPResponse.Status, _ reason: String, retryAfterSeconds: Int? = nil) {
    self.status = status
    self.reason = PlainText.line(reason)
    self.retryAfterSeconds = retryAfterSeconds
  }
}
