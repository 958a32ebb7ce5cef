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
    self.reason = Text.line(reason)
    self.retryAfterSeconds = retryAfterSeconds
  }
}

/// Text that came from outside, made fit for a console, a log or an answer.
enum Text {
  /// Longest line we keep or send, in bytes.
  static let lineBytes = 200

  /// One line: control characters (terminal escapes among them) removed, cut at ``lineBytes`` between characters.
  static func line(_ text: some StringProtocol) -> String {
    var line = ""
    var bytes = 0
    for character in text {
      let kept = String(String.UnicodeScalarView(character.unicodeScalars.filter { !isControl($0) }))
      bytes += kept.utf8.count
      guard bytes <= lineBytes else { break }
      line += kept
    }
    return line
  }

  /// Control and format characters (C0, DEL, C1, bidirectional overrides) and line separators.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }
}
