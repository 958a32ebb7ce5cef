import BareMetal
import Foundation
import Logging
import Synchronization
import Testing
import Wire

@testable import AssetCache

/// A directory of one test, gone with it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "siderite-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: URL(filePath: file(name))) }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: file(name)))) }

  func names(_ directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: file(directory))) ?? []).sorted()
  }
}

/// A cache in a directory, quick to try again, and what tests ask it.
final class CacheHarness: Sendable {
  let directory: TemporaryDirectory
  let cache: AssetCache
  private let running: Task<Void, Never>

  /// Hours count as never here.
  static func configuration(_ directory: String) -> AssetCacheConfiguration {
    var configuration = AssetCacheConfiguration(directory: directory)
    configuration.reservedBytes = 0
    configuration.stallTime = .milliseconds(400)
    // A refused connection is tried again for as long.
    configuration.connectTime = .milliseconds(300)
    configuration.refreshInterval = .seconds(3600)
    configuration.fileInterval = .seconds(3600)
    configuration.firstRetry = .milliseconds(10)
    configuration.longestRetry = .milliseconds(40)
    configuration.progressInterval = .zero
    configuration.grace = .zero
    configuration.tick = .milliseconds(5)
    return configuration
  }

  /// Runs a cache in `directory/cache`, until ``stop()`` or the end of the test.
  static func start(
    in directory: TemporaryDirectory, at path: String? = nil,
    _ change: (inout AssetCacheConfiguration) -> Void = { _ in }
  ) async throws -> CacheHarness {
    var configuration = configuration(path ?? directory.file("cache"))
    change(&configuration)
    return CacheHarness(directory, try AssetCache(configuration: configuration, logger: .silent, now: { .now }))
  }

  private init(_ directory: TemporaryDirectory, _ cache: AssetCache) {
    self.directory = directory
    self.cache = cache
    running = Task { await cache.run() }
  }

  /// As SIGTERM would.
  func stop() async {
    running.cancel()
    await running.value
  }

  deinit { running.cancel() }

  /// Waits for a state; fails with the last one after ten seconds.
  @discardableResult
  func wait(
    for source: AssetSource, _ condition: (AssetState) -> Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> AssetState {
    let deadline = ContinuousClock.now + .seconds(10)
    var state: AssetState?
    while ContinuousClock.now < deadline {
      state = await cache.states(of: [source])[source]
      if let state, condition(state) { return state }
      try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("still \(String(describing: state)) after ten seconds", sourceLocation: sourceLocation)
    throw CancellationError()
  }

  /// Waits until the source is here, and nothing is done about it.
  func content(of source: AssetSource, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [UInt8] {
    let state = try await wait(
      for: source, { $0.content != nil && $0.activity == .idle }, sourceLocation: sourceLocation)
    let content = try #require(state.content)
    let bytes = Array(try Data(contentsOf: URL(filePath: content.path)))
    #expect(content.digest == digest(bytes), sourceLocation: sourceLocation)
    #expect(content.path.hasSuffix("/sha512/\(content.digest)"), sourceLocation: sourceLocation)
    #expect(content.bytes == Int64(bytes.count), sourceLocation: sourceLocation)
    return bytes
  }

  /// Waits until the source is here, with these bytes.
  func expect(
    _ source: AssetSource, is expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = try await content(of: source, sourceLocation: sourceLocation)
    #expect(found == expected, sourceLocation: sourceLocation)
  }

  /// Waits for a failure of that reason.
  @discardableResult
  func failure(
    _ reason: AssetFailure.Reason, of source: AssetSource, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> AssetFailure {
    let state = try await wait(
      for: source,
      {
        if case .failed(let failure) = $0.activity { failure.reason == reason } else { false }
      }, sourceLocation: sourceLocation)
    guard case .failed(let failure) = state.activity else { throw CancellationError() }
    return failure
  }
}

/// Bytes that no two places of a file share.
func bytes(_ count: Int, seed: Int = 1) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 &+ ($0 >> 8) &* seed) }
}

/// SHA-512 by the cache's own code, which a test compares with the standard's vector.
func digest(_ bytes: [UInt8]) -> String {
  guard var hash = try? SHA512() else { return "" }
  bytes.withUnsafeBytes { hash.update($0) }
  return (try? hash.hexadecimal()) ?? ""
}

extension Logger {
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension Timestamp {
  static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
