import Testing

@testable import siderite_agent

@Suite("The agent's HTTP")
struct HTTPMessageTests {
  private static let plain = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{ya}"
  private static let chunked =
    "HTTP/1.1 201 Created\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"

  @Test("A request is one POST with its length")
  func request() {
    let bytes = HTTPRequest(path: "/a", host: "10.0.0.1:8081", body: Array("{}".utf8)).bytes
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("POST /a HTTP/1.1\r\nHost: 10.0.0.1:8081\r\n"))
    #expect(text.contains("\r\nContent-Length: 2\r\n"))
    #expect(text.hasSuffix("\r\nConnection: close\r\n\r\n{}"))
  }

  @Test("A body by length, by chunks, by the end of the connection")
  func bodies() throws {
    #expect(
      try HTTPResponse(parsing: Array(Self.plain.utf8), isClosed: false)
        == HTTPResponse(status: 200, body: Array("{ya}".utf8)))
    #expect(
      try HTTPResponse(parsing: Array(Self.chunked.utf8), isClosed: false)
        == HTTPResponse(status: 201, body: Array("abc0123456789".utf8)))
    let open = Array("HTTP/1.0 200 OK\r\n\r\nall of it".utf8)
    #expect(try HTTPResponse(parsing: open, isClosed: false) == nil)
    #expect(try HTTPResponse(parsing: open, isClosed: true)?.body == Array("all of it".utf8))
  }

  @Test("Cut short it waits for more, and fails when there is none", arguments: [plain, chunked])
  func truncated(text: String) throws {
    let bytes = Array(text.utf8)
    // The line break behind the last chunk is not waited for.
    for length in 0..<(bytes.count - 4) {
      #expect(try HTTPResponse(parsing: Array(bytes[..<length]), isClosed: false) == nil, "\(length)")
      #expect(throws: HTTPResponse.ParseError.self, "\(length)") {
        try HTTPResponse(parsing: Array(bytes[..<length]), isClosed: true)
      }
    }
  }

  @Test("A flipped bit never traps", arguments: [plain, chunked])
  func flipped(text: String) {
    for index in text.utf8.indices.indices {
      for bit in 0..<8 {
        var bytes = Array(text.utf8)
        let position = text.utf8.distance(from: text.utf8.startIndex, to: index)
        bytes[position] ^= 1 << bit
        _ = try? HTTPResponse(parsing: bytes, isClosed: false)
        _ = try? HTTPResponse(parsing: bytes, isClosed: true)
      }
    }
  }

  @Test(
    "What is not HTTP is refused",
    arguments: [
      "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/2 200\r\n\r\n", "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ])
  func refused(text: String) {
    #expect(throws: HTTPResponse.ParseError.self) { try HTTPResponse(parsing: Array(text.utf8), isClosed: true) }
  }
}
