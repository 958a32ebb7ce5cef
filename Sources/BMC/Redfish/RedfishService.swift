import AsyncHTTPClient
import BareMetal
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Wire

/// One Redfish service (DMTF DSP0266 1.20): its session, and requests to it.
///
/// Logs in with a session (§13.3.4, `X-Auth-Token`), or with HTTP Basic where there are none; a password that was refused is
/// not sent again (``LockoutGuard``). Links lead nowhere but to the service itself. Over plain HTTP the password can be read
/// by whoever listens: the address says so.
actor RedfishService {
  /// One resource, as the service gave it.
  struct Resource: Sendable {
    var path: String
    var json: JSONValue
    /// What a change is made conditional on (§7.5, `If-Match`).
    var entityTag: String?
  }

  /// What became of a change.
  enum Outcome: Sendable {
    case done
    case refused(status: UInt, BMCFailure)
    /// It may have been carried out, or not.
    case lost(BMCFailure)
  }

  private enum Authorization: Equatable {
    case basic
    case session(token: String, path: String?)
  }

  /// Requests that wait for the login of another one: as many systems as a large enclosure has, several times.
  private static let loginCapacity = 256
  /// Redirects followed for one request: one for a missing slash, one for an alias.
  private static let maximumRedirects = 3
  /// Pages of one collection, against services whose pages never end.
  private static let maximumPages = 200

  nonisolated let origin: HTTPOrigin
  nonisolated let verifiesCertificate: Bool
  nonisolated let exchange: HTTPExchange
  private nonisolated let credentials: Credentials?
  private nonisolated let loginTurnstile = Turnstile(capacity: RedfishService.loginCapacity)

  private var authorization: Authorization?
  private var lockout = LockoutGuard<Credentials>()
  private var serviceRoot: JSONValue?
  private var systemPaths: [String?: String] = [:]

  init(origin: HTTPOrigin, credentials: Credentials?, verifiesCertificate: Bool, exchange: HTTPExchange) {
    self.origin = origin
    self.credentials = credentials
    self.verifiesCertificate = verifiesCertificate
    self.exchange = exchange
  }

  nonisolated var name: String { exchange.name }
  nonisolated var limits: HTTPLimits { exchange.limits }

  /// Ends the session: a controller has eight or so.
  func close() async {
    guard case .session(let token, let path?)? = authorization else { return }
    authorization = nil
    var request = HTTPClientRequest(url: origin.url(path))
    request.method = .DELETE
    request.headers.add(name: "X-Auth-Token", value: token)
    var brief = exchange
    brief.limits.answerTime = min(.seconds(3), brief.limits.answerTime)
    _ = try? await brief.send(request)
  }
}

// MARK: Reading

extension RedfishService {
  /// The service root, which is read without logging in (§13.2).
  func root() async throws(BMCFailure) -> JSONValue {
    if let serviceRoot { return serviceRoot }
    let answer = try await answer("/redfish/v1/", authenticates: false)
    guard answer.status == .ok, let json = answer.json, json["RedfishVersion"] != nil || json["Systems"] != nil else {
      throw BMCFailure(
        answer.status == .ok || answer.status == .notFound ? .malformed : .refused,
        "\(name) answered \(answer.status) to /redfish/v1/: it is no Redfish service, or Redfish is switched off there")
    }
    serviceRoot = json
    return json
  }

  func get(_ link: String) async throws(BMCFailure) -> Resource {
    let path = try path(of: link)
    let answer = try await answer(path, authenticates: true)
    guard answer.status == .ok else { throw failure(answer, "GET \(path)") }
    guard let json = answer.json, case .object = json else {
      throw BMCFailure(.malformed, "\(name) answered \(path) with something that is not a JSON object")
    }
    let tag = answer.headers.first(name: "ETag") ?? json["@odata.etag"]?.text
    return Resource(path: path, json: json, entityTag: tag)
  }

  /// A resource that services may leave out, or announce and not have.
  func getIfThere(_ link: String?) async throws(BMCFailure) -> Resource? {
    guard let link else { return nil }
    do throws(BMCFailure) {
      return try await get(link)
    } catch {
      guard error.kind == .unsupported else { throw error }
      return nil
    }
  }

  /// The members of a collection (§7.6): page after page, those that are only linked to fetched one by one.
  ///
  /// - Parameter limit: members read; the others are left out.
  func members(of link: String?, limit: Int) async throws(BMCFailure) -> [Resource] {
    guard var next = link else { return [] }
    let query = Self.expandQuery(try await root())
    if let query, !next.contains("?") { next += query }
    var members: [Resource] = []
    var seen: Set<String> = []
    for _ in 0..<Self.maximumPages {
      guard seen.insert(next).inserted else {
        throw BMCFailure(.malformed, "\(name) gives pages of \(next) in a circle")
      }
      guard let page = try await getIfThere(next) else { return members }
      for member in page.json["Members"]?.elements ?? [] {
        guard members.count < limit else { return members }
        if case .object(let values) = member, values.count > 1 {
          members.append(Resource(path: member.link ?? page.path, json: member))
        } else if let resource = try await getIfThere(member.link) {
          members.append(resource)
        }
      }
      guard let following = page.json["Members@odata.nextLink"]?.text ?? page.json["@odata.nextLink"]?.text else {
        return members
      }
      next = following
    }
    return members
  }

  /// Asks for members in place of links to them (§7.3.2), where the service says that it can.
  private static func expandQuery(_ root: JSONValue) -> String? {
    let expand = root["ProtocolFeaturesSupported"]?["ExpandQuery"]
    if expand?["NoLinks"]?.bool == true { return "?$expand=.($levels=1)" }
    if expand?["ExpandAll"]?.bool == true { return "?$expand=*($levels=1)" }
    return nil
  }

  /// Where the system is: the one with this name, or the only one.
  func systemPath(named systemName: String?) async throws(BMCFailure) -> String {
    if let path = systemPaths[systemName] { return path }
    guard let systems = try await root()["Systems"]?.link else {
      throw BMCFailure(.unsupported, "the Redfish service \(name) has no systems")
    }
    let links = try await get(systems).json["Members"]?.elements.compactMap(\.link) ?? []
    let path: String
    if let systemName {
      guard let link = links.first(where: { Self.lastComponent($0) == systemName }) else {
        throw BMCFailure(.misconfigured, "\(name) has no system '\(systemName)', but: \(Self.list(links))")
      }
      path = link
    } else {
      guard let link = links.first else { throw BMCFailure(.unsupported, "the Redfish service \(name) has no systems") }
      guard links.count == 1 else {
        throw BMCFailure(.misconfigured, "\(name) has several systems, say which one: \(Self.list(links))")
      }
      path = link
    }
    systemPaths[systemName] = path
    return path
  }

  /// The system. One whose path changed, as with a firmware update, is looked for again.
  func system(named systemName: String?) async throws(BMCFailure) -> Resource {
    let path = try await systemPath(named: systemName)
    if let system = try await getIfThere(path) { return system }
    systemPaths[systemName] = nil
    return try await get(try await systemPath(named: systemName))
  }

  private static func lastComponent(_ link: String) -> String {
    link.split(separator: "/").last.map(String.init) ?? link
  }

  private static func list(_ links: [String]) -> String {
    let names = links.prefix(32).map { HTTPOrigin.printable(lastComponent($0)) }.joined(separator: ", ")
    return names.isEmpty ? "none" : names + (links.count > 32 ? ", …" : "")
  }
}

// MARK: Changing

extension RedfishService {
  /// Asks for one change, once; follows the task that carries it out (§12.2, 202 Accepted).
  func change(
    _ method: HTTPMethod, _ link: String, _ body: JSONValue, ifMatch tag: String? = nil
  ) async throws(BMCFailure) -> Outcome {
    let path = try path(of: link)
    let answer: HTTPExchange.Answer
    do throws(HTTPExchange.Loss) {
      answer = try await send(method, path, body: body, ifMatch: tag, authenticates: true)
    } catch {
      guard error.mayHaveArrived, error.failure.kind != .cancelled else { throw error.failure }
      return .lost(error.failure)
    }
    switch answer.status.code {
    case 202: return try await follow(answer)
    case 200..<300: return .done
    default: return .refused(status: answer.status.code, failure(answer, "\(method) \(path)"))
    }
  }

  /// Waits for a task: its monitor (`Location`) answers 202 until it is done, and then as the change would have.
  private func follow(_ accepted: HTTPExchange.Answer) async throws(BMCFailure) -> Outcome {
    // A service that gives no monitor has accepted, and tells no more.
    guard let link = accepted.headers.first(name: "Location") ?? accepted.json?.link else { return .done }
    let path = try path(of: link)
    let end = ContinuousClock.now.advanced(by: limits.taskTime)
    var pause = limits.pollInterval
    while ContinuousClock.now < end {
      do { try await Task.sleep(for: pause) } catch {
        return .lost(BMCFailure(.cancelled, "given up before \(name) was done"))
      }
      let answer: HTTPExchange.Answer
      do throws(HTTPExchange.Loss) {
        answer = try await send(.GET, path, authenticates: true)
      } catch {
        guard error.isHangUp else { return .lost(error.failure) }
        continue
      }
      if let asked = retryAfter(answer) { pause = min(asked, limits.longestRetryAfter) }
      let state = answer.json?["TaskState"]?.text
      switch (answer.status.code, state) {
      case (404, _), (410, _): return .done  // Tasks that are over are deleted, by iDRAC at once.
      case (200..<300, "Exception"), (200..<300, "Killed"), (200..<300, "Cancelled"):
        let reason = message(answer.json) ?? state ?? ""
        return .refused(status: 500, BMCFailure(.refused, "\(name) began, and failed: \(reason)"))
      case (202, _): continue
      case (200..<300, nil), (200..<300, "Completed"): return .done
      case (200..<300, _): continue
      default: return .refused(status: answer.status.code, failure(answer, "GET \(path)"))
      }
    }
    return .lost(
      BMCFailure(.timedOut, "\(name) was not done after \(limits.taskTime.components.seconds) seconds"))
  }
}

// MARK: Requests

extension RedfishService {
  /// Looks, once more if the connection was closed meanwhile: that changes nothing.
  private func answer(_ path: String, authenticates: Bool) async throws(BMCFailure) -> HTTPExchange.Answer {
    do throws(HTTPExchange.Loss) {
      return try await send(.GET, path, authenticates: authenticates)
    } catch {
      guard error.isHangUp else { throw error.failure }
    }
    do throws(HTTPExchange.Loss) {
      return try await send(.GET, path, authenticates: authenticates)
    } catch {
      throw error.failure
    }
  }

  /// One request: logged in, again when the session has expired, and later when the service is busy.
  private func send(
    _ method: HTTPMethod, _ firstPath: String, body: JSONValue? = nil, ifMatch tag: String? = nil, authenticates: Bool
  ) async throws(HTTPExchange.Loss) -> HTTPExchange.Answer {
    var path = firstPath
    var (retries, redirects, logins) = (0, 0, 0)
    while true {
      let authorization = authenticates ? try await authorized() : nil
      var request = try request(method, path, body: body, authorization: authorization)
      if let tag { request.headers.add(name: "If-Match", value: tag) }
      let answer = try await exchange.send(request)
      switch answer.status.code {
      case 401 where authenticates:
        try rejected(authorization, answer, again: logins > 0)
        logins += 1
      case 429, 503:
        // It was not carried out: so says the status.
        let pause = retryAfter(answer) ?? limits.pollInterval
        guard retries < limits.retries, pause <= limits.longestRetryAfter else { return answer }
        retries += 1
        do { try await Task.sleep(for: pause) } catch {
          throw HTTPExchange.Loss(
            failure: BMCFailure(.cancelled, "given up while \(name) was busy"), mayHaveArrived: false)
        }
      case 301, 302, 307, 308:
        let location = answer.headers.first(name: "Location") ?? ""
        guard let next = origin.path(of: location) else {
          throw HTTPExchange.Loss(
            failure: BMCFailure(
              .misconfigured,
              "\(name) sends elsewhere, to \(HTTPOrigin.printable(location)): if that is right, "
                + "make it the address"), mayHaveArrived: false)
        }
        let keepsMethod = method == .GET || answer.status.code >= 307
        guard redirects < Self.maximumRedirects, keepsMethod else { return answer }
        redirects += 1
        path = next
      default: return answer
      }
    }
  }

  private func request(
    _ method: HTTPMethod, _ path: String, body: JSONValue?, authorization: Authorization?
  ) throws(HTTPExchange.Loss) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: origin.url(path))
    request.method = method
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "OData-Version", value: "4.0")
    switch authorization {
    case .session(let token, _): request.headers.add(name: "X-Auth-Token", value: token)
    case .basic:
      if let credentials {
        request.setBasicAuth(username: credentials.user, password: credentials.password.exposedText)
      }
    case nil: break
    }
    if let body {
      guard let data = try? JSONEncoder().encode(body) else {
        throw HTTPExchange.Loss(failure: BMCFailure(.unsupported, "this is no JSON"), mayHaveArrived: false)
      }
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: data))
    }
    return request
  }

  private nonisolated func path(of link: String) throws(BMCFailure) -> String {
    guard let path = origin.path(of: link) else {
      throw BMCFailure(.malformed, "\(name) links to \(HTTPOrigin.printable(link)), which is not on it: not followed")
    }
    return path
  }

  /// Seconds, as all services give it, not a date (RFC 9110 §10.2.3).
  private nonisolated func retryAfter(_ answer: HTTPExchange.Answer) -> Duration? {
    answer.headers.first(name: "Retry-After").flatMap { UInt32($0) }.map { .seconds($0) }
  }
}

// MARK: Logging in

extension RedfishService {
  /// How requests are authorized; logs in if nobody has.
  private func authorized() async throws(HTTPExchange.Loss) -> Authorization? {
    guard let credentials else { return nil }
    try checkLockout(credentials)
    if let authorization { return authorization }
    do throws(BMCFailure) {
      // One at a time: many wrong passwords at once would lock the account before the first answer.
      try await loginTurnstile.pass(name) { () async throws(BMCFailure) in
        do throws(HTTPExchange.Loss) { try await login(credentials) } catch { throw error.failure }
      }
    } catch {
      throw HTTPExchange.Loss(failure: error, mayHaveArrived: false)
    }
    return authorization
  }

  private func checkLockout(_ credentials: Credentials) throws(HTTPExchange.Loss) {
    guard let refusal = lockout.refusal(of: credentials, at: .now) else { return }
    throw HTTPExchange.Loss(
      failure: BMCFailure(
        .lockedOut,
        "\(name) refused the password of '\(credentials.user)' at \(refusal.since): not tried again until it changes or "
          + "\(refusal.since.advanced(bySeconds: refusal.pause.components.seconds)), because controllers lock accounts"),
      mayHaveArrived: false)
  }

  private func login(_ credentials: Credentials) async throws(HTTPExchange.Loss) {
    try checkLockout(credentials)
    guard authorization == nil else { return }
    let root: JSONValue
    do throws(BMCFailure) { root = try await self.root() } catch {
      throw HTTPExchange.Loss(failure: error, mayHaveArrived: false)
    }
    let sessions =
      root["Links"]?["Sessions"]?.link
      ?? root["SessionService"]?.link.map { $0.hasSuffix("/") ? "\($0)Sessions" : "\($0)/Sessions" }
    var sessionsAreExhausted = false
    if let path = sessions.flatMap({ origin.path(of: $0) }) {
      let body = JSONValue.object([
        "UserName": .string(credentials.user), "Password": .string(credentials.password.exposedText),
      ])
      let answer = try await exchange.send(try request(.POST, path, body: body, authorization: nil))
      switch RedfishQuirks.login(status: answer.status.code, body: answer.json) {
      case .accepted:
        if let token = answer.headers.first(name: "X-Auth-Token") {
          let location = answer.headers.first(name: "Location") ?? answer.json?.link
          authorization = .session(token: token, path: location.flatMap { origin.path(of: $0) })
          lockout.accepted(credentials)
          return
        }
      case .wrongPassword: throw refused(credentials, .wrongPassword, message(answer.json))
      case .forbidden: throw refused(credentials, .privilege, message(answer.json))
      case .exhausted: sessionsAreExhausted = true
      case .noSessions: break
      }
    }
    // Basic: tried with one request first, and not with all that wait.
    guard let path = root["Systems"]?.link.flatMap({ origin.path(of: $0) }) else { return authorization = .basic }
    let answer = try await exchange.send(try request(.GET, path, body: nil, authorization: .basic))
    if answer.status.code == 401 {
      if sessionsAreExhausted {
        throw HTTPExchange.Loss(
          failure: BMCFailure(.sessionsExhausted, "\(name): all its sessions are taken, and it accepts nothing else"),
          mayHaveArrived: false)
      }
      throw refused(credentials, .wrongPassword, message(answer.json))
    }
    lockout.accepted(credentials)
    authorization = .basic
  }

  /// 401 to a request that was authorized: an expired session is renewed once; all else is a wrong password.
  private func rejected(
    _ used: Authorization?, _ answer: HTTPExchange.Answer, again: Bool
  ) throws(HTTPExchange.Loss) {
    if used == authorization { authorization = nil }
    guard let credentials else {
      throw HTTPExchange.Loss(
        failure: BMCFailure(.misconfigured, "\(name) wants a user and a password, and none is given"),
        mayHaveArrived: false)
    }
    if case .session = used, !again { return }
    if case .session = used {
      throw HTTPExchange.Loss(
        failure: BMCFailure(.refused, "\(name) opens sessions and does not accept them"), mayHaveArrived: false)
    }
    throw refused(credentials, .wrongPassword, message(answer.json))
  }

  private func refused(_ credentials: Credentials, _ kind: BMCFailure.Kind, _ reason: String?) -> HTTPExchange.Loss {
    lockout.refused(credentials, reason: reason ?? "refused", at: .now, wallClock: .wallClock)
    let text =
      kind == .privilege
      ? "\(name) does not let '\(credentials.user)' in: locked, or not permitted"
      : "\(name) refuses the password of '\(credentials.user)', or knows no such user; it is not tried again until it changes"
    return HTTPExchange.Loss(
      failure: BMCFailure(kind, text + (reason.map { ": \($0)" } ?? "")), mayHaveArrived: false)
  }
}

// MARK: What it says

extension RedfishService {
  private nonisolated func failure(_ answer: HTTPExchange.Answer, _ request: String) -> BMCFailure {
    let reason = message(answer.json).map { ": \($0)" } ?? ""
    switch answer.status.code {
    case 403:
      return BMCFailure(
        .privilege, "\(name): '\(credentials?.user ?? "nobody")' may not do that (\(request))\(reason)")
    case 404, 405, 501:
      return BMCFailure(.unsupported, "\(name) cannot do that (\(request): \(answer.status))\(reason)")
    case 429, 503: return BMCFailure(.busy, "\(name) is busy or starting (\(request): \(answer.status))\(reason)")
    default: return BMCFailure(.refused, "\(name) answered \(request) with \(answer.status)\(reason)")
    }
  }

  /// The error in words (§8.6, `@Message.ExtendedInfo`), without our password, which some services repeat.
  private nonisolated func message(_ json: JSONValue?) -> String? {
    guard let error = json?["error"] ?? json?["Messages"]?.elements.first else { return nil }
    let texts = error["@Message.ExtendedInfo"]?.elements.prefix(4).compactMap { $0["Message"]?.nonEmptyText } ?? []
    let text = texts.isEmpty ? (error["message"] ?? error["Message"])?.nonEmptyText : texts.joined(separator: " ")
    if let password = credentials?.password.exposedText, !password.isEmpty, text?.contains(password) == true {
      return nil
    }
    return text
  }
}
