/// Who of several boot hosts keeps what they share true: the classes, the provider's objects, the default objects.
public protocol Leadership: Sendable {
  /// Runs `body` as long as this one leads, from the moment that it does; cancels it when it leads no longer, and waits
  /// for its end. Returns when `body` has returned, when it leads no longer, or when the task is cancelled; whoever wants
  /// to lead again calls again.
  func whileLeading(_ body: @escaping @Sendable () async throws -> Void) async throws
}

/// Leads always: the only boot host of an embedded store.
public struct SoleLeader: Leadership {
  public init() {}

  public func whileLeading(_ body: @escaping @Sendable () async throws -> Void) async throws { try await body() }
}
