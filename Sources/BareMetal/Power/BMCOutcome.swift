/// What came of a request to one machine's management controller.
///
/// As JSON one flat object: `{"target":"…","milliseconds":12,"power":"on"}`, or with a `failure` of `kind` and `message`.
public struct BMCOutcome: Hashable, Sendable {
  /// The Server's name, or the address that was given.
  public var target: String
  public var result: Result<BMCAnswer, BMCFailure>
  public var milliseconds: Int64

  public init(target: String, result: Result<BMCAnswer, BMCFailure>, milliseconds: Int64) {
    self.target = target
    self.result = result
    self.milliseconds = milliseconds
  }

  /// Does what is asked of a target and takes the time.
  public static func of(
    _ target: String, clock: some Clock<Duration>, _ body: () async throws(BMCFailure) -> BMCAnswer
  ) async -> BMCOutcome {
    let start = clock.now
    let result: Result<BMCAnswer, BMCFailure>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    let (seconds, attoseconds) = start.duration(to: clock.now).components
    return BMCOutcome(
      target: target, result: result, milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }
}

extension BMCOutcome: Codable {
  private enum CodingKeys: String, CodingKey {
    case target, milliseconds, failure
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    target = try container.decode(String.self, forKey: .target)
    milliseconds = try container.decode(Int64.self, forKey: .milliseconds)
    if let failure = try container.decodeIfPresent(BMCFailure.self, forKey: .failure) {
      result = .failure(failure)
    } else {
      result = .success(try BMCAnswer(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(target, forKey: .target)
    try container.encode(milliseconds, forKey: .milliseconds)
    switch result {
    case .success(let answer): try answer.encode(to: encoder)
    case .failure(let failure): try container.encode(failure, forKey: .failure)
    }
  }
}
