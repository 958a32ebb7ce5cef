public import BareMetal
import CoreMetrics
public import Logging
public import Wire

/// Fetches files, several at once, and keeps them by what is in them.
///
/// What is wanted is told by ``hold(_:contents:for:)``; the rest follows: fetching, resuming, checking, looking for newer
/// contents, trying again, making room. Nothing is ever served half: a file gets its name when it is whole and on the disk.
/// After a restart everything that was here is here at once, without network: sizes are compared then, digests in the
/// background.
public actor AssetCache: AssetFetcher {
  /// One source that somebody wants.
  private struct Entry {
    var owners: Set<String> = []
    var record: SourceRecord?
    var failure: AssetFailure?
    /// Failures in a row.
    var failures = 0
    /// When it is looked at next; `nil`: not by itself.
    var due: ContinuousClock.Instant?
    /// Of a content that is not what the spec asks for.
    var rejected: Validators?
  }

  /// What somebody holds.
  private struct Holding {
    var sources: Set<AssetSource> = []
    var contents: Set<String> = []
  }

  /// A transfer under way.
  private struct Running {
    let progress = FetchProgress()
    /// What was told of it, and when.
    var told: (received: Int64, total: Int64?) = (0, nil)
    var toldAt: ContinuousClock.Instant
  }

  private let configuration: AssetCacheConfiguration
  private let directory: CacheDirectory
  private let logger: Logger
  private let counts: AssetCounts
  private let now: @Sendable () -> Timestamp

  private var entries: [AssetSource: Entry] = [:]
  private var holdings: [String: Holding] = [:]
  private var running: [AssetSource: Running] = [:]
  /// Bytes of the whole files that are here, by digest: those whose size was once written down, or that were read.
  private var sizes: [String: Int64] = [:]
  /// Files that are here without a record: not used before they have been read.
  private var unproven: Set<String> = []
  private var records: [AssetSource: SourceRecord] = [:]
  private var isAllHeld = false
  private var nextLook = ContinuousClock.now

  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  /// Finds out what is here already.
  /// - Parameter now: the wall clock.
  /// - Throws: ``AssetFailure`` when the directory cannot be used.
  public init(
    configuration: AssetCacheConfiguration, logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) throws {
    self.configuration = configuration
    self.logger = logger
    self.now = now
    counts = AssetCounts()
    directory = try CacheDirectory(configuration.directory)
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let recorded = try directory.records()
    for digest in try directory.digests() {
      guard let status = directory.status(of: digest) else { continue }
      let expected = Set(recorded.filter { $0.digest == digest }.map(\.bytes))
      if expected.isEmpty {
        unproven.insert(digest)
      } else if expected.contains(status.bytes) {
        sizes[digest] = status.bytes
      } else {
        logger.warning("A cached file has the wrong size: removed", metadata: ["digest": "\(digest.prefix(16))"])
        try directory.remove(digest)
      }
    }
    for record in recorded {
      if sizes[record.digest] == record.bytes {
        records[record.source] = record
      } else {
        try directory.remove(record)
      }
    }
  }

  // MARK: What is wanted

  public func hold(_ sources: Set<AssetSource>, contents: Set<String>, for owner: String) {
    let sources = Set(sources.map(\.normalized))
    let old = holdings[owner] ?? Holding()
    holdings[owner] = sources.isEmpty && contents.isEmpty ? nil : Holding(sources: sources, contents: contents)
    for source in sources.subtracting(old.sources) {
      var entry = entries[source] ?? begin(source)
      entry.owners.insert(owner)
      entries[source] = entry
    }
    for source in old.sources.subtracting(sources) {
      entries[source]?.owners.remove(owner)
      guard entries[source]?.owners.isEmpty == true else { continue }
      if let record = entries[source]?.record { released([record.digest]) }
      entries[source] = nil
      if let running = running[source] {
        running.progress.cancel()
      } else {
        dropBeginning(of: source)
      }
    }
    released(old.contents.subtracting(contents))
    wake.yield()
  }

  private func begin(_ source: AssetSource) -> Entry {
    var entry = Entry(due: .now)
    entry.record = records[source]
    if let digest = source.sha512, let bytes = sizes[digest], entry.record == nil {
      // Another source brought it.
      let record = SourceRecord(url: source.url ?? "", sha512: digest, digest: digest, bytes: bytes, checked: now())
      entry.record = record
      records[source] = record
      try? directory.write(record)
    }
    if source.sha512 != nil, entry.record != nil { entry.due = nil }
    return entry
  }

  public func allHeld() {
    isAllHeld = true
    do {
      // Beginnings that nobody will go on with.
      let wanted = Set(try entries.keys.map { try directory.key(of: $0) })
      for key in try directory.partials().subtracting(wanted) { try directory.removePartial(key) }
    } catch {
      logger.warning("The asset cache cannot be tidied up", metadata: ["error": "\(error)"])
    }
    _ = evict(toFit: 0)
  }

  public func states(of sources: Set<AssetSource>) -> [AssetSource: AssetState] {
    Dictionary(uniqueKeysWithValues: sources.map { ($0, state(of: $0.normalized)) })
  }

  private func state(of source: AssetSource) -> AssetState {
    if let url = source.url, let problem = AssetLocation.problem(of: url) {
      return AssetState(activity: .failed(AssetFailure(.invalid, "the URL \(problem)")))
    }
    guard let entry = entries[source] else { return AssetState() }
    var state = AssetState(checked: entry.record?.checked)
    state.content = entry.record.flatMap { content($0.digest) }
    if let running = running[source], running.told.received > 0 || entry.failure == nil {
      state.activity = .fetching(received: running.told.received, total: running.told.total)
    } else if let failure = entry.failure {
      state.activity = .failed(failure)
    } else {
      state.activity = entry.due.map { $0 <= .now } ?? false ? .waiting : .idle
    }
    return state
  }

  public func contents(_ digests: Set<String>) -> [String: AssetContent] {
    Dictionary(uniqueKeysWithValues: digests.compactMap { digest in content(digest).map { (digest, $0) } })
  }

  /// The whole file of that digest, if it is as it was written down.
  private func content(_ digest: String) -> AssetContent? {
    guard let bytes = sizes[digest], directory.status(of: digest)?.bytes == bytes else { return nil }
    return AssetContent(digest: digest, bytes: bytes, path: directory.path(of: digest))
  }

  // MARK: Working

  /// Fetches what is wanted until the task is cancelled. What has come until then is gone on with next time.
  public func run() async {
    let client = WebClient(configuration)
    await withDiscardingTaskGroup { group in
      group.addTask { await self.verifyAll() }
      group.addTask { [configuration, wake] in
        while (try? await Task.sleep(for: configuration.tick)) != nil { wake.yield() }
      }
      for await _ in wakes {
        tell()
        look()
        for source in startable() {
          let fetch: Fetch
          do { fetch = try begin(fetching: source) } catch { continue }
          group.addTask { await self.finish(source, await client.result(of: fetch)) }
        }
      }
    }
    await client.close()
  }

  /// What is due, as far as there are hands, the longest due first.
  ///
  /// A server that is not there keeps nobody from others': one has half of the hands at most, and what could not be
  /// reached the last time has one hand together. Files of this host wait for no server.
  private func startable() -> [AssetSource] {
    let now = ContinuousClock.now
    let due = entries.compactMap { source, entry in
      entry.due.flatMap { $0 <= now && running[source] == nil ? (source, $0) : nil }
    }
    var taken: [FetchLane: Int] = [:]
    for lane in running.keys.flatMap({ lanes(of: $0) }) { taken[lane, default: 0] += 1 }
    var chosen: [AssetSource] = []
    for (source, _) in due.sorted(by: { ($0.1, $0.0.url ?? "") < ($1.1, $1.0.url ?? "") }) {
      let needed = lanes(of: source)
      guard needed.allSatisfy({ taken[$0, default: 0] < $0.width(of: configuration.concurrentFetches) }) else {
        continue
      }
      for lane in needed { taken[lane, default: 0] += 1 }
      chosen.append(source)
    }
    return chosen
  }

  private func lanes(of source: AssetSource) -> [FetchLane] {
    guard case .web(let url)? = AssetLocation(source.url ?? "") else { return [.files] }
    let isSuspect = entries[source]?.failure.map { $0.reason == .unreachable || $0.reason == .stalled } ?? false
    return [.web, .server(FetchLane.origin(of: url))] + (isSuspect ? [.suspects] : [])
  }

  private func begin(fetching source: AssetSource) throws(AssetFailure) -> Fetch {
    let key: String
    do {
      key = try directory.key(of: source)
    } catch {
      fail(source, error)
      throw error
    }
    let running = Running(toldAt: .now)
    self.running[source] = running
    let entry = entries[source]
    return Fetch(
      source: source, directory: directory, key: key, configuration: configuration, progress: running.progress,
      known: entry?.record.flatMap { content($0.digest) == nil ? nil : $0 }, rejected: entry?.rejected, now: now,
      makeRoom: { bytes async throws(AssetFailure) in try await self.makeRoom(bytes) })
  }

  private func finish(_ source: AssetSource, _ result: Result<Fetch.Outcome, any Error>) {
    running[source] = nil
    defer { wake.yield() }
    if case .success(.fetched(let record)) = result {
      // Whether or not anybody wants it still: it is here.
      sizes[record.digest] = record.bytes
      unproven.remove(record.digest)
      records[source] = record
    }
    guard entries[source] != nil else { return dropBeginning(of: source) }
    switch result {
    case .success(.unchanged):
      entries[source]?.record?.checked = now()
      succeed(source)
      counts.unchanged.increment()
    case .success(.fetched(let record)):
      let old = entries[source]?.record
      entries[source]?.record = record
      succeed(source)
      counts.fetched.increment()
      logger.info(
        "An asset is here",
        metadata: ["url": "\(Self.shown(record.url))", "bytes": "\(record.bytes)", "sha512": "\(record.digest)"])
      if let old, old.digest != record.digest {
        released([old.digest])
        lookAtCompanions(of: source)
      }
      _ = evict(toFit: 0)
    case .success(.stillRejected):
      fail(source, entries[source]?.failure ?? AssetFailure(.digestMismatch, "it is what was wrong before"))
    case .failure(let error): finish(source, error)
    }
  }

  /// Without the query, which may be a signature that opens the file for everybody.
  private static func shown(_ url: String) -> String { String(url.prefix { $0 != "?" }) }

  private func finish(_ source: AssetSource, _ error: any Error) {
    switch error {
    case is CancellationError: entries[source]?.due = .now
    case let error as Fetch.WrongDigest:
      entries[source]?.rejected = error.validators.isEmpty ? nil : error.validators
      fail(source, error.failure)
    case let failure as AssetFailure: fail(source, failure)
    default: fail(source, AssetFailure(.diskError, "\(error)"))
    }
  }

  private func succeed(_ source: AssetSource) {
    entries[source]?.failure = nil
    entries[source]?.failures = 0
    entries[source]?.rejected = nil
    entries[source]?.due = nil
    guard source.sha512 == nil else { return }
    let interval =
      (source.url?.lowercased().hasPrefix("file:") ?? false)
      ? configuration.fileInterval : configuration.refreshInterval
    entries[source]?.due = ContinuousClock.now + interval * Double.random(in: 0.8...1.2)
  }

  private func fail(_ source: AssetSource, _ failure: AssetFailure) {
    guard var entry = entries[source] else { return }
    if entry.failure?.reason != failure.reason {
      logger.warning(
        "An asset cannot be fetched",
        metadata: [
          "url": "\(Self.shown(source.url ?? ""))", "reason": "\(failure.reason.rawValue)",
          "message": "\(failure.message)",
        ])
    }
    counts.failed(failure.reason).increment()
    // A transfer that broke off will be gone on with: that is no sign of a server that is down.
    entry.failures = failure.reason == .truncated && entry.failure?.reason != .truncated ? 1 : entry.failures + 1
    entry.failure = failure
    entry.due = ContinuousClock.now + delay(afterFailures: entry.failures + (failure.reason.isLasting ? 4 : 0))
    entries[source] = entry
    if failure.reason.spoilsBeginning { dropBeginning(of: source) }
    // What nobody uses is the first to go from a full disk.
    if failure.reason == .noSpace { _ = evict(toFit: configuration.sizeLimit) }
  }

  private func delay(afterFailures failures: Int) -> Duration {
    let doublings = min(max(0, failures - 1), 16)
    return min(configuration.longestRetry, configuration.firstRetry * (1 << doublings)) * Double.random(in: 0.8...1.2)
  }

  /// A new kernel mostly comes with a new initramfs: they are looked at together.
  private func lookAtCompanions(of source: AssetSource) {
    for owner in entries[source]?.owners ?? [] {
      for other in holdings[owner]?.sources ?? [] where other != source && other.sha512 == nil {
        entries[other]?.due = .now
      }
    }
  }

  /// News of the transfers, every few seconds.
  private func tell() {
    let now = ContinuousClock.now
    for (source, transfer) in running where transfer.toldAt.duration(to: now) >= configuration.progressInterval {
      running[source]?.told = transfer.progress.bytes
      running[source]?.toldAt = now
    }
  }

  // MARK: The disk

  /// Files that are needed may have been removed by somebody, or by a disk.
  private func look() {
    guard nextLook <= .now else { return }
    nextLook = .now + configuration.fileInterval
    for (source, entry) in entries {
      guard let record = entry.record, content(record.digest) == nil else { continue }
      logger.warning("A cached file is gone: it is fetched again", metadata: ["url": "\(Self.shown(source.url ?? ""))"])
      forget(record.digest)
    }
    counts.bytes.record(sizes.values.reduce(0, +))
  }

  /// Reads every file, one after the other, and forgets those that are not what their names say.
  private func verifyAll() async {
    for digest in sizes.keys.sorted() + unproven.sorted() {
      guard !Task.isCancelled else { return }
      guard sizes[digest] != nil || unproven.contains(digest), let status = directory.status(of: digest) else {
        continue
      }
      do {
        let isSound = try await Fetch.blocking { [directory] in try directory.verify(digest) }
        if !isSound {
          logger.warning("A cached file is damaged: removed", metadata: ["digest": "\(digest)"])
          forget(digest)
        } else if unproven.remove(digest) != nil {
          sizes[digest] = status.bytes
        }
      } catch is CancellationError {
        return
      } catch {
        // It may have been removed meanwhile. What cannot be read now is left for a person to look at.
        guard directory.status(of: digest) != nil else { continue }
        logger.warning("A cached file cannot be read", metadata: ["digest": "\(digest)", "error": "\(error)"])
      }
    }
  }

  /// Removes the file, and fetches it again where it is wanted.
  private func forget(_ digest: String) {
    sizes[digest] = nil
    unproven.remove(digest)
    try? directory.remove(digest)
    for (source, record) in records where record.digest == digest {
      records[source] = nil
      try? directory.remove(record)
    }
    for (source, entry) in entries where entry.record?.digest == digest {
      entries[source]?.record = nil
      entries[source]?.due = .now
    }
  }

  private func dropBeginning(of source: AssetSource) {
    if let key = try? directory.key(of: source) { try? directory.removePartial(key) }
  }

  private func released(_ digests: Set<String>) {
    for digest in digests where sizes[digest] != nil { Disk.touch(directory.path(of: digest)) }
  }

  private func makeRoom(_ bytes: Int64) throws(AssetFailure) {
    guard bytes > 0, !evict(toFit: bytes) else { return }
    throw AssetFailure(
      .noSpace,
      "the cache's limit is \(configuration.sizeLimit >> 20) MiB (cacheSizeLimit), and what is there is in use")
  }

  /// Removes what nobody holds, the least recently used first, until the cache is within its limit.
  /// - Returns: whether so many more bytes fit.
  private func evict(toFit bytes: Int64) -> Bool {
    // What transfers will still bring; what they have brought is on the disk.
    let coming = running.values.reduce(Int64(0)) { sum, transfer in
      let (received, total) = transfer.progress.bytes
      return sum + max(0, (total ?? 0) - received)
    }
    let partial = (try? directory.partialBytes()) ?? 0
    var used = sizes.values.reduce(0, +) + partial + coming + bytes
    guard used > configuration.sizeLimit, isAllHeld else { return used <= configuration.sizeLimit }
    let held = Set(holdings.values.flatMap(\.contents)).union(entries.values.compactMap { $0.record?.digest })
    let free = sizes.keys.filter { !held.contains($0) }.compactMap { digest in
      directory.status(of: digest).map { (digest: digest, status: $0) }
    }
    let young = now().milliseconds - Int64(configuration.grace / .milliseconds(1))
    for (digest, status) in free.sorted(by: { $0.status.modified < $1.status.modified }) {
      guard used > configuration.sizeLimit, status.modified / 1_000_000 <= young else { break }
      logger.info("A cached file is removed to make room", metadata: ["sha512": "\(digest)"])
      forget(digest)
      counts.evicted.increment()
      used -= status.bytes
    }
    return used <= configuration.sizeLimit
  }
}

extension AssetFailure.Reason {
  /// Whether a person, rather than time, will have to mend it.
  fileprivate var isLasting: Bool {
    switch self {
    case .digestMismatch, .notFound, .refused, .tooLarge, .redirected, .malformed, .invalid, .noSpace: true
    case .serverError, .unreachable, .stalled, .truncated, .changed, .diskError: false
    }
  }

  /// Whether what has come is of no use; on a full disk it is in everybody's way.
  fileprivate var spoilsBeginning: Bool {
    switch self {
    case .digestMismatch, .tooLarge, .malformed, .changed, .noSpace, .diskError, .invalid: true
    case .notFound, .refused, .serverError, .unreachable, .stalled, .truncated, .redirected: false
    }
  }
}
