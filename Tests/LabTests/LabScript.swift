import Foundation

/// A script of tools/lab, run to its end with the daemon of this build.
struct LabScript {
  let status: Int32

  /// What it printed on both ways, in the order it did.
  let output: String

  /// The output's words with one space between them, line by line: what tables say, without their columns.
  var text: String {
    output.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: "\n")
  }

  /// The output's end, for a failed test.
  var tail: String {
    output.split(separator: "\n", omittingEmptySubsequences: false).suffix(60).joined(separator: "\n")
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every wait of a script is bounded; this is for what nobody thought of.
  private static let secondsAtMost = 400

  /// Runs `tools/lab/NAME`. The scripts read SIDERITE_BIN and SIDERITE_AGENT; without them, the build's own.
  static func run(_ name: String, _ arguments: String...) async throws -> LabScript {
    let log = FileManager.default.temporaryDirectory.appending(path: "labtests-\(UUID().uuidString).log")
    // A file, not a pipe: nobody has to read along, and a process that outlives the script holds nobody up.
    guard FileManager.default.createFile(atPath: log.path(), contents: nil) else { throw CocoaError(.fileWriteUnknown) }
    defer { try? FileManager.default.removeItem(at: log) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["timeout", "--kill-after=30", "\(secondsAtMost)", root.appending(path: "tools/lab/\(name)").path()] + arguments
    process.currentDirectoryURL = root
    process.standardInput = FileHandle.nullDevice
    let handle = try FileHandle(forWritingTo: log)
    process.standardOutput = handle
    process.standardError = handle
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { @Sendable _ in continuation.resume() }
      do { try process.runUnblocked() } catch { continuation.resume(throwing: error) }
    }
    try handle.close()
    return LabScript(
      status: process.terminationStatus, output: String(decoding: try Data(contentsOf: log), as: UTF8.self))
  }
}
