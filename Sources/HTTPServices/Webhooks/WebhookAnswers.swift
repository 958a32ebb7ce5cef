import BareMetal
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// What is answered to an API server's questions: pure, but for how much may be in memory at a time.
final class WebhookAnswers: Sendable {
  enum Limits {
    /// Of one `ConversionReview`: the objects of a list that is not paged, some six thousand Servers.
    static let conversionBytes = 32 << 20
    /// Of one `AdmissionReview`: two objects, and etcd takes none above 1.5 MiB.
    static let admissionBytes = 4 << 20
    /// Of all bodies together: as JSON values they take ten times as much.
    static let bytesAtATime = 48 << 20
  }

  private let reader: ManifestReader
  private let patcher: MachineConfigPatcher
  private let reserved = Mutex(0)

  init(patcher: MachineConfigPatcher) {
    reader = ManifestReader()
    self.patcher = patcher
  }

  /// Reads a review, and answers it.
  func answer(
    _ request: Request, limit: Int, _ make: (WebhookAnswers, JSONValue) throws -> JSONValue
  ) async throws -> Response {
    // Go's client says how much it sends. What does not say it could be anything.
    guard let length = request.headers[.contentLength].flatMap({ Int($0) }), length >= 0 else {
      throw Refusal(.lengthRequired, "a review comes with its Content-Length")
    }
    guard length <= limit else { throw Refusal(.contentTooLarge, "the review is larger than \(limit) bytes") }
    let isReserved = reserved.withLock { reserved in
      guard reserved + length <= Limits.bytesAtATime else { return false }
      reserved += length
      return true
    }
    guard isReserved else {
      throw Refusal(.serviceUnavailable, "too much is asked at a time: ask again", retryAfterSeconds: 1)
    }
    defer { reserved.withLock { $0 -= length } }
    var request = request
    let body: ByteBuffer
    do {
      body = try await request.collectBody(upTo: limit)
    } catch {
      throw Refusal(.badRequest, "the body is broken off, or not HTTP")
    }
    let review: JSONValue
    do {
      review = try JSONValue(parsing: String(buffer: body))
    } catch {
      throw Refusal(.badRequest, "the body is not JSON: \(error)")
    }
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: try make(self, review).jsonText)))
  }

  // MARK: apiextensions.k8s.io/v1 ConversionReview

  /// The objects in the version that is asked for; all, or why not.
  func conversion(of review: JSONValue) throws(Refusal) -> JSONValue {
    let request = try Self.request(of: review, "ConversionReview", "apiextensions.k8s.io/v1")
    guard let version = request["desiredAPIVersion"]?.text, case .array(let objects)? = request["objects"] else {
      throw Refusal(.badRequest, "a ConversionReview has request.desiredAPIVersion and request.objects")
    }
    var converted: [JSONValue] = []
    converted.reserveCapacity(objects.count)
    var response: [String: JSONValue] = ["uid": request["uid"] ?? .string("")]
    do throws(ManifestError) {
      for object in objects { converted.append(try ManifestConversion.convert(object, to: version)) }
      response["result"] = .object(["status": .string("Success")])
    } catch {
      // All of them, or none: the API server has no way to tell one from the others.
      converted = []
      response["result"] = .object([
        "status": .string("Failure"), "message": .string(PlainText.line(error.description)),
      ])
    }
    response["convertedObjects"] = .array(converted)
    return Self.review("ConversionReview", "apiextensions.k8s.io/v1", response)
  }

  // MARK: admission.k8s.io/v1 AdmissionReview

  /// Whether the object may be, and if not, everything that is wrong with it.
  func admission(of review: JSONValue) throws(Refusal) -> JSONValue {
    let request = try Self.request(of: review, "AdmissionReview", "admission.k8s.io/v1")
    var response: [String: JSONValue] = ["uid": request["uid"] ?? .string(""), "allowed": .bool(true)]
    if let object = request["object"], case .object = object {
      let old = request["oldObject"].flatMap { $0 == .null ? nil : $0 }
      let problems = reader.problems(
        admitting: object, named: request["name"]?.text ?? "", over: old, patcher: patcher)
      if !problems.isEmpty {
        response["allowed"] = .bool(false)
        response["status"] = Self.status(of: problems, with: object)
      }
    }
    return Self.review("AdmissionReview", "admission.k8s.io/v1", response)
  }

  /// Every problem in the message, which is what `kubectl` shows, and as a cause each, for programs.
  private static func status(of problems: [FieldProblem], with object: JSONValue) -> JSONValue {
    let causes = problems.map { problem in
      JSONValue.object([
        "reason": .string("FieldValueInvalid"), "field": .string(PlainText.line(problem.path)),
        "message": .string(PlainText.line(problem.message)),
      ])
    }
    let subject = [object.fields["kind"], object.fields["metadata"]?.fields["name"]].compactMap { $0?.text }
      .map { PlainText.line($0) }.joined(separator: " ")
    let message = "\(subject): " + problems.map { PlainText.line($0.description) }.joined(separator: "; ")
    var details: [String: JSONValue] = ["causes": .array(causes)]
    // kubectl begins with these: `The Server "one" is invalid:`.
    details["kind"] = object.fields["kind"]
    details["name"] = object.fields["metadata"]?.fields["name"]
    return .object([
      "code": .integer(422), "reason": .string("Invalid"), "message": .string(message), "details": .object(details),
    ])
  }

  private static func request(
    of review: JSONValue, _ kind: String, _ version: String
  ) throws(Refusal) -> [String: JSONValue] {
    guard review.fields["kind"]?.text == kind, review.fields["apiVersion"]?.text == version,
      case .object(let request)? = review.fields["request"]
    else { throw Refusal(.badRequest, "a \(kind) of \(version) with a request is expected here") }
    return request
  }

  private static func review(_ kind: String, _ version: String, _ response: [String: JSONValue]) -> JSONValue {
    .object(["kind": .string(kind), "apiVersion": .string(version), "response": .object(response)])
  }
}
