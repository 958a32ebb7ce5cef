import BareMetal
import FoundationEssentials
import LinuxSystem
import Wire

/// The boot host, as the agent talks to it.
struct BootPlane: Sendable {
  /// One attempt, from connecting to the last byte: a rack that registers at once must not time out on a busy host.
  static let registrationLimit = Duration.seconds(30)
  /// For a BMC: the boot host answers when it has logged in there, or has given up.
  static let verificationLimit = Duration.seconds(90)
  /// Events are told and forgotten.
  static let eventLimit = Duration.seconds(2)

  /// Why a request was not granted.
  enum Failure: Error, CustomStringConvertible {
    case network(SystemError)
    case answer(HTTPResponse.ParseError)
    /// The server's own words.
    case refused(status: Int, reason: String)
    case unreadable(String)

    var description: String {
      switch self {
      case .network(let error): "\(error)"
      case .answer(.malformed(let what)): "bad answer: \(what)"
      case .refused(let status, let reason): reason.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(reason)"
      case .unreadable(let what): "cannot read the answer: \(what)"
      }
    }
  }

  let endpoint: BootArguments.Endpoint

  /// Reports the machine.
  func register(_ registration: Registration) throws(Failure) -> RegistrationResponse {
    try ask(registration, at: "/agent/v1/registrations", limit: Self.registrationLimit)
  }

  /// Reports how the machine's BMC is reached, or why it is not set up.
  func report(_ report: BMCReport) throws(Failure) -> BMCReportResponse {
    try ask(report, at: "/agent/v1/bmc", limit: Self.verificationLimit)
  }

  /// Reports how far the wipe is, or its end.
  func report(_ report: WipeReport, limit: Duration) throws(Failure) -> WipeReportResponse {
    try ask(report, at: "/agent/v1/wipe", limit: limit)
  }

  /// Says what the agent is doing. Nothing depends on it, so a failure is not told.
  func report(_ event: AgentEvent) {
    _ = try? post(event, to: "/agent/v1/events", limit: Self.eventLimit)
  }

  private func ask<Answer: Decodable>(
    _ value: some Encodable, at path: String, limit: Duration
  ) throws(Failure) -> Answer {
    let body = try post(value, to: path, limit: limit)
    do {
      return try JSONDecoder().decode(Answer.self, from: Data(body))
    } catch {
      throw .unreadable("\(error)")
    }
  }

  private func post(_ value: some Encodable, to path: String, limit: Duration) throws(Failure) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json: [UInt8]
    do {
      json = [UInt8](try encoder.encode(value))
    } catch {
      throw .unreadable("\(error)")
    }
    let request = HTTPRequest(path: path, host: endpoint.description, body: json)
    let response = try exchange(request, deadline: .now + limit)
    guard (200..<300).contains(response.status) else {
      throw .refused(status: response.status, reason: Self.reason(response.body))
    }
    return response.body
  }

  private func exchange(_ request: HTTPRequest, deadline: ContinuousClock.Instant) throws(Failure) -> HTTPResponse {
    do {
      let connection = try TCPConnection(to: endpoint.address, port: endpoint.port, deadline: deadline)
      try connection.send(request.bytes)
      var received = [UInt8]()
      while true {
        let piece = try connection.receive(upTo: 16 << 10)
        received += piece
        if let response = try HTTPResponse(parsing: received, isClosed: piece.isEmpty) { return response }
        guard received.count <= HTTPResponse.limit else { throw HTTPResponse.ParseError.malformed("too long") }
      }
    } catch let error as SystemError {
      throw .network(error)
    } catch let error as HTTPResponse.ParseError {
      throw .answer(error)
    } catch {
      throw .unreadable("\(error)")
    }
  }

  /// One printable line of what the server said: its errors are plain text.
  private static func reason(_ body: [UInt8]) -> String {
    let text = String(decoding: body.prefix(300), as: UTF8.self)
    return String(text.map { $0.isNewline ? " " : $0 }.filter { $0.isASCII }.prefix(300))
  }
}

extension BootPlane.Failure {
  /// Whether asking again helps nothing: the boot host understood and said no, or is another program.
  var isFinal: Bool {
    switch self {
    case .network, .answer: false
    case .refused(let status, _): status < 500 && status != 429
    case .unreadable: true
    }
  }
}
