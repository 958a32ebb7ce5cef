import FoundationEssentials
@preconcurrency import Glibc
import LinuxSystem

/// A person's text editor: `$VISUAL`, `$EDITOR`, or vi; a command line, as everywhere.
struct Editor {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  let command: String

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let set = [environment["VISUAL"], environment["EDITOR"]].compactMap(\.self).first { !$0.isEmpty }
    command = set ?? "vi"
  }

  /// A file for the text, that only we can read.
  static func makeFile(_ text: String) throws -> String {
    let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array("\(folder)/siderite-edit-XXXXXX.yaml".utf8CString)
    let descriptor = mkstemps(&template, Int32(".yaml".utf8.count))
    guard descriptor >= 0 else {
      throw Failure(description: "no file can be made in \(folder): \(String(cString: strerror(errno)))")
    }
    try FileDescriptor(owning: descriptor).write(Array(text.utf8))
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Lets the person edit the file.
  func edit(_ path: String) throws {
    let status = try run(["/bin/sh", "-c", "\(command) \"$1\"", "sh", path])
    guard status == 0 else { throw Failure(description: "'\(command)' ended with \(status): nothing was changed") }
  }

  /// Runs a program at our terminal, to its end.
  private func run(_ arguments: [String]) throws -> Int32 {
    // Programs inherit the signals that the threads of Swift's pool block, which is all of them.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, arguments[0], nil, &attributes, &words, environ)
    guard code == 0 else { throw Failure(description: "no shell: \(String(cString: strerror(code)))") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }
}
