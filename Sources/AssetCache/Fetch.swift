import BareMetal
import NIOCore
import NIOPosix
import Wire

/// Brings one source here, once: into a beginning, which becomes a whole file when it is what it should be.
struct Fetch: Sendable {
  /// What came of it.
  enum Outcome: Sendable {
    /// The source still has what is here.
    case unchanged
    case fetched(SourceRecord)
    /// The same as the last time, which was not what the spec asks for.
    case stillRejected
  }

  let source: AssetSource
  let directory: CacheDirectory
  let key: String
  let configuration: AssetCacheConfiguration
  let progress: FetchProgress
  /// What is here from this source.
  let known: SourceRecord?
  /// Of a content that was not what the spec asks for: it need not come again.
  let rejected: Validators?
  let now: @Sendable () -> Timestamp
  /// Makes room in the cache for so many bytes.
  let makeRoom: @Sendable (Int64) async throws(AssetFailure) -> Void

  /// What is written between two hops to the thread that writes: few enough to be held for every transfer, many enough
  /// for the hop to cost nothing.
  static let batchBytes = 512 << 10

  /// Does blocking work where it blocks nobody.
  static func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(work)
  }

  /// The pinned file may be here already, under its name: from another source, or by a crash just before it was noted.
  func adoptPresent() async throws -> SourceRecord? {
    guard let digest = source.sha512, let status = directory.status(of: digest) else { return nil }
    guard try await Self.blocking({ [directory] in try directory.verify(digest) }) else {
      try directory.remove(digest)
      return nil
    }
    return try await note(digest, status.bytes, Validators(), modified: nil)
  }

  /// Checks what has come, gives it its name, and notes it down.
  func complete(_ partial: PartialFile, _ validators: Validators, modified: Int64? = nil) async throws -> SourceRecord {
    let (digest, bytes) = try await Self.blocking {
      let digest = try partial.digest()
      if let expected = source.sha512, digest != expected {
        try directory.removePartial(key)
        throw WrongDigest(found: digest, validators: validators)
      }
      try partial.synchronize()
      try directory.adopt(key, as: digest)
      return (digest, partial.bytes)
    }
    return try await note(digest, bytes, validators, modified: modified)
  }

  private func note(
    _ digest: String, _ bytes: Int64, _ validators: Validators, modified: Int64?
  ) async throws -> SourceRecord {
    let record = SourceRecord(
      url: source.url ?? "", sha512: source.sha512, digest: digest, bytes: bytes, validators: validators,
      modified: modified, checked: now())
    try await Self.blocking { [directory] in try directory.write(record) }
    return record
  }

  /// What came is whole, and not what the spec asks for.
  struct WrongDigest: Error {
    var found: String
    var validators: Validators

    var failure: AssetFailure {
      AssetFailure(.digestMismatch, "its SHA-512 is \(found.prefix(16))…, which is not the spec's")
    }
  }
}
