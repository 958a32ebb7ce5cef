/// Whether machines can be sent to an Environment.
public enum EnvironmentReadiness: Hashable, Sendable {
  case ready
  /// Why not, in one sentence for the machine's log and people.
  case notReady(String)
}

extension Resource<EnvironmentKind> {
  /// Whether everything that a machine of this architecture needs is there and is what the spec asks for.
  ///
  /// Sidero's rule, for one architecture: every non-empty URL has a condition Ready/True with that URL (and, here, that
  /// digest). Beyond it: there must be a kernel, and the spec must be one that can be booted.
  public func readiness(architecture: String = AssetName.defaultArchitecture) -> EnvironmentReadiness {
    let name = metadata.name
    if let problem = problems().first { return .notReady("Environment \(name) is not valid: \(problem)") }
    let sources = sources(for: architecture)
    guard sources.contains(where: { $0.file == .kernel }) else {
      let field =
        architecture == AssetName.defaultArchitecture ? "spec.kernel" : "spec.architectures.\(architecture).kernel"
      return .notReady("Environment \(name) has no kernel for \(architecture): \(field).url is not set")
    }
    for needed in sources {
      let condition = status.condition(of: needed.source)
      guard condition?.status != .true else { continue }
      let why = condition.flatMap { $0.message ?? $0.reason } ?? "it has not been looked at yet"
      return .notReady("Environment \(name) is not ready: \(needed.servedPath): \(PlainText.line(why))")
    }
    return .ready
  }

  /// Sidero's column READY: every file of every architecture.
  public var isReady: Bool { sources.allSatisfy { status.condition(of: $0.source)?.status == .true } }
}

extension EnvironmentStatus {
  /// The condition that is about this source.
  public func condition(of source: AssetSource) -> AssetCondition? {
    let source = source.normalized
    return conditions?.first {
      $0.type == AssetCondition.ready && AssetSource(url: $0.url, sha512: $0.sha512).normalized == source
    }
  }
}

extension AssetCondition {
  /// The one type there is.
  public static let ready = "Ready"
}
