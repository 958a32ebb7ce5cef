import Foundation
import Glibc

/// A program of the system, found by its name.
///
/// Started with posix_spawn and not Foundation's `Process`, which waits for everything that a program leaves behind, such
/// as a DHCP client that goes on in the background.
enum Command {
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(description: String) {
      self.description = description
    }

    init(_ arguments: [String], _ status: Int32, _ text: String) {
      description = "\(arguments.joined(separator: " ")): status \(status): \(text)"
    }
  }

  /// Runs it to its end; what it printed, both ways. Throws unless it ends with 0.
  @discardableResult
  static func run(_ arguments: String...) throws -> String { try run(arguments) }

  @discardableResult
  static func run(_ arguments: [String]) throws -> String {
    let file = temporaryFile()
    defer { try? FileManager.default.removeItem(at: file) }
    let status = wait(for: try start(arguments, output: file.path))
    let text = try String(contentsOf: file, encoding: .utf8)
    guard status == 0 else { throw Failure(arguments, status, text) }
    return text
  }

  /// Runs it to its end; what it wrote to standard output. What it says to people is told only when it fails.
  static func output(of arguments: [String]) throws -> String {
    let (file, said) = (temporaryFile(), temporaryFile())
    defer { for file in [file, said] { try? FileManager.default.removeItem(at: file) } }
    let status = wait(for: try start(arguments, output: file.path, errors: said.path))
    let text = try String(contentsOf: file, encoding: .utf8)
    guard status == 0 else { throw Failure(arguments, status, text + (try String(contentsOf: said, encoding: .utf8))) }
    return text
  }

  private static func temporaryFile() -> URL {
    FileManager.default.temporaryDirectory.appending(path: "siderite-lab.\(UUID().uuidString)")
  }

  /// Starts it, and says its process identifier. It must be waited for.
  static func start(
    _ arguments: [String], environment: [String: String] = [:], output: String, errors: String? = nil
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    if let errors {
      posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    } else {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
    // Programs inherit the signals that the threads of Swift's pool block, which is all of them.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    guard let program = arguments.first else { throw Failure(description: "nothing to run") }
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for text in words + settings { free(text) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, program, &actions, &attributes, &words, &settings)
    guard code == 0 else { throw Failure(description: "\(arguments.joined(separator: " ")): error \(code)") }
    return process
  }

  /// Waits until it has ended: its exit status, or 128 and the signal that ended it.
  @discardableResult
  static func wait(for process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }
}
