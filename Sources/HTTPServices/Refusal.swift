import BareMetal
import HTTPTypes
import Hummingbird

/// Why a request is not served: a status and one line for people, with nothing of our insides in it.
struct Refusal: Error {
  /// One thing that is wrong with what was sent.
  struct Cause: Encodable, Hashable, Sendable {
    /// Where: `spec.kernel.url`.
    var field: String
    /// What, in one line.
    var message: String
    /// The Kubernetes API's word for it.
    var reason = "FieldValueInvalid"

    init(field: String, message: String) {
      self.field = PlainText.line(field)
      self.message = PlainText.line(message)
    }
  }

  var status: HTTPResponse.Status
  var reason: String
  /// Seconds after which trying again makes sense (`Retry-After`).
  var retryAfterSeconds: Int?
  /// Everything that is wrong with what was sent, where it was looked at as a whole.
  var causes: [Cause] = []

  init(
    _ status: HTTPResponse.Status, _ reason: String, retryAfterSeconds: Int? = nil, causes: [Cause] = []
  ) {
    self.status = status
    self.reason = PlainText.line(reason)
    self.retryAfterSeconds = retryAfterSeconds
    self.causes = causes
  }
}
