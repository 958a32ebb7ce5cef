public import BareMetal
public import Testing

/// One thing that every ``ResourceStore`` must do.
///
/// A store's tests run each of ``all`` on a fresh store that holds no Server:
///
///     @Test("The store keeps the contract", .timeLimit(.minutes(1)), arguments: StoreRequirement.all)
///     func contract(_ requirement: StoreRequirement) async throws { try await requirement.check(newStore()) }
public struct StoreRequirement: Sendable {
  /// What it is, as a sentence.
  public let sentence: String
  /// Records an issue, or throws, where the store falls short.
  public let check: @Sendable (any ResourceStore) async throws -> Void

  init(_ sentence: String, _ check: @escaping @Sendable (any ResourceStore) async throws -> Void) {
    self.sentence = sentence
    self.check = check
  }

  public static let all = objects + updates + deletions + watches + races
}

extension StoreRequirement: CustomTestStringConvertible {
  public var testDescription: String { sentence }
}
