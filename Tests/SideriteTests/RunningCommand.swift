import Foundation
import Glibc

/// A command that goes on while others are run; it ends with the test.
final class RunningCommand {
  private let process: pid_t
  private let file: String
  private var status: Int32?

  init(process: pid_t, file: String) {
    self.process = process
    self.file = file
  }

  deinit {
    guard status == nil else { return }
    kill(process, SIGKILL)
    _ = Host.wait(for: process)
  }

  /// What it has printed so far, both ways.
  var output: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
  var lines: [String] { output.split(separator: "\n").map { String($0) } }

  /// Returns when it has printed that; the test's time limit ends it otherwise.
  func until(_ text: String) async throws {
    while !output.contains(text) { try await Task.sleep(for: .milliseconds(10)) }
  }

  /// Waits for its end.
  func end() -> Int32 {
    if let status { return status }
    let code = Host.wait(for: process)
    status = code
    return code
  }

  /// Ctrl-C.
  func interrupt() { kill(process, SIGINT) }
}
