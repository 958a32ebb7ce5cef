import Wire

/// A request to the boot plane: POST of JSON over HTTP/1.1 (RFC 9112), one per connection.
struct HTTPRequest: Sendable {
  var path: String
  var host: String
  var body: [UInt8]

  var bytes: [UInt8] {
    let head = """
      POST \(path) HTTP/1.1\r
      Host: \(host)\r
      User-Agent: siderite-agent\r
      Content-Type: application/json\r
      Accept: application/json\r
      Content-Length: \(body.count)\r
      Connection: close\r
      \r

      """
    return Array(head.utf8) + body
  }
}

/// A response, its body put together.
struct HTTPResponse: Equatable, Sendable {
  /// More than this is not read: answers to the agent are a line of JSON.
  static let limit = 64 << 10

  var status: Int
  var body: [UInt8]

  /// Why bytes are no response.
  enum ParseError: Error, Equatable {
    case malformed(String)
  }

  /// Reads what has come so far; `nil` when more is needed.
  ///
  /// - Parameter isClosed: the server has closed the connection, so more will not come.
  init?(parsing bytes: [UInt8], isClosed: Bool) throws(ParseError) {
    guard let (head, bodyStart) = Self.head(of: bytes) else {
      if isClosed { throw .malformed(bytes.isEmpty ? "closed without an answer" : "closed inside the header") }
      return nil
    }
    // By bytes: to Swift "\r\n" is one character, and no "\n".
    var lines = head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
      String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self)
    }
    // HTTP/1.1 200 OK
    let words = lines.removeFirst().split(separator: " ", maxSplits: 2)
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]) else {
      throw .malformed("no HTTP/1 status line")
    }
    self.status = status

    var length: Int?
    var isChunked = false
    for line in lines {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].filter { $0 != " " && $0 != "\t" }
      switch line[..<colon].lowercased() {
      case "content-length":
        guard let number = Int(value), number >= 0, number <= Self.limit else {
          throw .malformed("Content-Length \(value.prefix(20))")
        }
        length = number
      case "transfer-encoding": isChunked = value.lowercased() == "chunked"
      default: continue
      }
    }

    let rest = bytes[bodyStart...]
    let body = isChunked ? try Self.unchunked(rest) : Self.plain(rest, length: length, isClosed: isClosed)
    guard let body else {
      if isClosed { throw .malformed("closed inside the body") }
      return nil
    }
    self.body = body
  }

  init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }

  /// What stands before the empty line, and where the body begins.
  private static func head(of bytes: [UInt8]) -> (ArraySlice<UInt8>, Int)? {
    let end = Array("\r\n\r\n".utf8)
    guard bytes.count >= end.count else { return nil }
    for start in 0...(bytes.count - end.count) where bytes[start..<(start + end.count)].elementsEqual(end) {
      return (bytes[..<start], start + end.count)
    }
    return nil
  }

  private static func plain(_ rest: ArraySlice<UInt8>, length: Int?, isClosed: Bool) -> [UInt8]? {
    guard let length else { return isClosed ? Array(rest) : nil }
    return rest.count >= length ? Array(rest.prefix(length)) : nil
  }

  /// RFC 9112 §7.1; `nil` until the last chunk is there. Trailers are not waited for: the connection ends anyway.
  private static func unchunked(_ rest: ArraySlice<UInt8>) throws(ParseError) -> [UInt8]? {
    var rest = rest
    var body = [UInt8]()
    while let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: rest[..<lineEnd], as: UTF8.self)
      let digits = line.prefix { $0.isHexDigit }
      guard let size = Int(digits, radix: 16), size <= limit else { throw .malformed("chunk size") }
      rest = rest[(lineEnd + 1)...]
      if size == 0 { return body }
      guard rest.count >= size + 2 else { return nil }
      body += rest.prefix(size)
      rest = rest.dropFirst(size + 2)
    }
    return nil
  }
}
