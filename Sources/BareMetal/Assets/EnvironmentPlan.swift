public import Wire

/// What is to be done for an Environment, from its spec, what was served until now, and what the cache has.
///
/// Kernel and initramfs of an architecture change together: while one of a new pair is missing, the old pair is served. So
/// a failed fetch, a wrong digest or a full disk never takes anything from machines that are on their way. Whether *new*
/// boots are sent here is another question, ``Environment/readiness(architecture:)``: not before the spec is fulfilled.
public struct EnvironmentPlan: Hashable, Sendable {
  /// One step; they are taken in this order, and each may be the last.
  public enum Action: Hashable, Sendable {
    /// Tells the cache what is wanted and what must stay.
    case hold(sources: Set<AssetSource>, contents: Set<String>)
    /// Serves these files for the Environment, all at once, and no others.
    case serve([AssetName: Asset])
    /// Writes the status down.
    case writeStatus(EnvironmentStatus)
  }

  public var actions: [Action]
  /// Whether something is under way, so that it should be looked at again soon.
  public var isUnsettled: Bool

  /// - Parameters:
  ///   - states: of every source in ``Environment/sources``; a missing one is waiting.
  ///   - contents: what is there of ``EnvironmentStatus/served``, by digest.
  public init(
    for environment: Environment, states: [AssetSource: AssetState], contents: [String: AssetContent], now: Timestamp
  ) {
    let name = environment.metadata.name
    let sources = environment.sources
    let problems = environment.problems()
    let wanted = problems.isEmpty ? Set(sources.map(\.source)) : []
    let before = environment.status.served ?? [:]

    var served: [String: ServedAsset] = [:]
    var files: [AssetName: Asset] = [:]
    for architecture in [AssetName.defaultArchitecture] + EnvironmentSpec.otherArchitectures {
      let group = sources.filter { $0.architecture == architecture }
      // What was served before, as far as it is still there.
      var pair: [EnvironmentSource.Place: (served: ServedAsset, content: AssetContent)] = [:]
      for file in EnvironmentFile.allCases {
        let place = EnvironmentSource.Place(architecture: architecture, file: file)
        guard let old = before[place.path], let content = contents[old.digest] else { continue }
        pair[place] = (old, content)
      }
      if problems.isEmpty, let new = Self.pair(group, states, serving: pair.mapValues(\.served)) { pair = new }
      for (place, entry) in pair {
        served[place.path] = entry.served
        files[place.name(of: name)] = entry.content.asset
      }
    }

    var status = environment.status
    status.served = served.isEmpty ? nil : served
    status.conditions = Self.conditions(
      sources, states, served, problems, before: environment.status.conditions ?? [], now: now)
    let keep = Set((before.values.map(\.digest)) + served.values.map(\.digest))
    actions = [.hold(sources: wanted, contents: keep), .serve(files)]
    if status != environment.status { actions.append(.writeStatus(status)) }
    let kept = Set(served.values.map(\.digest))
    if kept != keep { actions.append(.hold(sources: wanted, contents: kept)) }
    isUnsettled = wanted.contains { states[$0]?.isUnderWay ?? true }
  }

  /// The files that take the place of what is `serving`; `nil` where they must not: one is missing, or one is still on
  /// its way (or cannot be had just now) and what is served is of the spec as it is.
  private static func pair(
    _ group: [EnvironmentSource], _ states: [AssetSource: AssetState],
    serving: [EnvironmentSource.Place: ServedAsset]
  ) -> [EnvironmentSource.Place: (served: ServedAsset, content: AssetContent)]? {
    var new: [EnvironmentSource.Place: (served: ServedAsset, content: AssetContent)] = [:]
    for needed in group {
      guard let content = states[needed.source]?.content else { return nil }
      new[needed.place] = (
        ServedAsset(url: needed.source.url, digest: content.digest, bytes: content.bytes), content
      )
    }
    let fulfils =
      Set(serving.keys) == Set(new.keys)
      && group.allSatisfy { needed in
        guard let old = serving[needed.place] else { return false }
        return old.url == needed.source.url && (needed.source.sha512.map { $0 == old.digest } ?? true)
      }
    let isSettled = group.allSatisfy { states[$0.source]?.activity == .idle }
    return fulfils && !isSettled ? nil : new
  }

  private static func conditions(
    _ sources: [EnvironmentSource], _ states: [AssetSource: AssetState], _ served: [String: ServedAsset],
    _ problems: [FieldProblem], before: [AssetCondition], now: Timestamp
  ) -> [AssetCondition]? {
    var conditions: [AssetCondition] = []
    for needed in sources
    where !conditions.contains(where: { $0.url == needed.source.url && $0.sha512 == needed.source.sha512 }) {
      var condition: AssetCondition
      if problems.isEmpty {
        condition = (states[needed.source] ?? AssetState()).condition(for: needed.source)
      } else {
        condition = AssetCondition(status: .false, reason: AssetFailure.Reason.invalid.rawValue)
        condition.message = (problems.first { $0.path.hasPrefix(needed.path) } ?? problems.first)?.description
      }
      (condition.url, condition.sha512) = (needed.source.url, needed.source.sha512)
      if condition.status == .true, let old = served[needed.servedPath], old.url == needed.source.url {
        (condition.bytes, condition.digest) = (old.bytes, old.digest)
      }
      let old = before.first { $0.url == condition.url && $0.sha512 == condition.sha512 }
      let isUnchanged = old?.status == condition.status && old?.lastTransitionTime != nil
      condition.lastTransitionTime = isUnchanged ? old?.lastTransitionTime : now
      conditions.append(condition)
    }
    return conditions.isEmpty ? nil : conditions
  }
}

extension EnvironmentSource {
  /// Which file of an Environment.
  struct Place: Hashable {
    var architecture: String
    var file: EnvironmentFile

    var path: String {
      architecture == AssetName.defaultArchitecture ? file.rawValue : "\(architecture)/\(file.rawValue)"
    }

    func name(of environment: String) -> AssetName { .environment(environment, file, architecture: architecture) }
  }

  var place: Place { Place(architecture: architecture, file: file) }
}

extension AssetState {
  /// Whether something happens to it just now.
  var isUnderWay: Bool {
    switch activity {
    case .waiting, .fetching: true
    case .idle, .failed: false
    }
  }

  /// The state in the words of a condition; it has neither URL nor time yet.
  fileprivate func condition(for source: AssetSource) -> AssetCondition {
    guard let content else {
      switch activity {
      case .idle, .waiting:
        return AssetCondition(status: .false, reason: "Waiting", message: "waits for its turn to be fetched")
      case .fetching(let received, let total):
        return AssetCondition(
          status: .false, reason: "Fetching", message: "being fetched: \(Self.progress(received, total))")
      case .failed(let failure):
        return AssetCondition(status: .false, reason: failure.reason.rawValue, message: PlainText.line(failure.message))
      }
    }
    var condition = AssetCondition(status: .true)
    (condition.bytes, condition.digest) = (content.bytes, content.digest)
    if source.sha512 != nil {
      (condition.reason, condition.message) = ("Verified", "its SHA-512 is what the spec says")
    } else {
      (condition.reason, condition.message) = (
        "Unverified", "the spec has no SHA-512 for it: what the server sent was taken"
      )
    }
    switch activity {
    case .fetching(let received, let total) where received > 0:
      condition.message = "a newer one is being fetched: \(Self.progress(received, total))"
    case .failed(let failure):
      condition.reason = failure.reason.rawValue
      condition.message = PlainText.line("the one from before is served: \(failure.message)")
    case .idle, .waiting, .fetching: break
    }
    return condition
  }

  private static func progress(_ received: Int64, _ total: Int64?) -> String {
    guard let total, total > 0 else { return "\(megabytes(received)) MB" }
    return "\(min(received, total) * 100 / total) % of \(megabytes(total)) MB"
  }

  /// One place after the point.
  private static func megabytes(_ bytes: Int64) -> String { "\(bytes / 1_000_000).\(bytes / 100_000 % 10)" }
}
