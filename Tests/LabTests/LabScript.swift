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
  private static let secondsAtMost = 600

  /// Runs `tools/lab/NAME`. The scripts read SIDERITE_BIN and SIDERITE_AGENT; without them, the build's own.
  static func run(_ name: String, _ arguments: String...) async throws -> LabScript {
    try await run(name, arguments)
  }

  static func run(_ name: String, _ arguments: [String]) async throws -> LabScript {
    let log = FileManager.default.temporaryDirectory.appending(path: "labtests-\(UUID().uuidString).log")
    defer { try? FileManager.default.removeItem(at: log) }
    let script = root.appending(path: "tools/lab/\(name)").path()
    let process = try Command.start(
      ["timeout", "--kill-after=30", "\(secondsAtMost)", script] + arguments, output: log.path())
    // Minutes: not on a thread that other tests need.
    let status = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: Command.wait(for: process)) }
    }
    return LabScript(status: status, output: String(decoding: try Data(contentsOf: log), as: UTF8.self))
  }
}
