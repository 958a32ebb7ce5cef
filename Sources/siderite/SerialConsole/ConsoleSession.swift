import BareMetal
import FoundationEssentials
import Glibc
import LinuxSystem

/// A person, or a pipe, at a machine's serial port.
struct ConsoleSession: Sendable {
  /// The machine's side.
  struct Port: Sendable {
    /// Hands over what the machine writes until the console is over.
    var receive: @Sendable (_ each: (ConsoleOutput) throws -> Void) async throws -> Void
    var type: @Sendable ([UInt8]) async throws -> Void
    var sendBreak: @Sendable () async throws -> Void
  }

  var target: String
  /// `nil`: no escape.
  var escape: UInt8?
  /// Where what the machine wrote is kept.
  var recording: String?

  /// Copies both ways until either side ends it. Standard input that ends, where it is no terminal, only means that
  /// nothing more is typed.
  func run(_ port: Port) async throws {
    let recorder = try recording.map { try Recorder(path: $0, title: target) }
    // A reader of ours that ends ('| head') is an error here, so that the machine's port is let go of.
    signal(SIGPIPE, SIG_IGN)
    let keyboard = try KeyboardInput()
    let terminal = Terminal.isTerminal(.input) ? RawTerminal() : nil
    defer { terminal?.restore() }
    if terminal != nil {
      let hint = escape.map { "; Enter, then \(String(UnicodeScalar($0))). ends, \(String(UnicodeScalar($0)))? helps" }
      Terminal.writeError("siderite: console of \(target)\(hint ?? "")\r\n")
    }
    let isInteractive = terminal != nil
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await port.receive { output in
          try recorder?.add(output)
          try Self.show(output, isInteractive: isInteractive)
        }
        return true
      }
      group.addTask { try await copyKeys(from: keyboard, to: port, isInteractive: isInteractive) }
      // The first that says so ends it; input at its end does not.
      while let isOver = try await group.next(), !isOver {}
      group.cancelAll()
    }
    if isInteractive { Terminal.writeError("\r\nsiderite: console of \(target) ended\r\n") }
  }

  /// - Returns: whether the person ended the console.
  private func copyKeys(from keyboard: KeyboardInput, to port: Port, isInteractive: Bool) async throws -> Bool {
    var parser = ConsoleEscape(character: isInteractive ? escape : nil)
    var isEnded = false
    try await keyboard.read { bytes in
      for action in parser.take(bytes) {
        switch action {
        case .send(let bytes): try await port.type(bytes)
        case .sendBreak: try await port.sendBreak()
        case .help:
          let text = ConsoleEscape.help(escape ?? 0).split(separator: "\n").joined(separator: "\r\n")
          Terminal.writeError("\r\n\(text)\r\n")
        case .end:
          isEnded = true
          return false
        }
      }
      return true
    }
    return isEnded
  }

  private static func show(_ output: ConsoleOutput, isInteractive: Bool) throws {
    let end = isInteractive ? "\r\n" : "\n"
    switch output {
    case .bytes(let bytes): try write(bytes)
    case .lost: Terminal.writeError("\(end)siderite: characters were lost\(end)")
    case .sentBreak: if isInteractive { Terminal.writeError("\(end)siderite: break sent\(end)") }
    case .ended(let reason): Terminal.writeError("\(end)siderite: \(PlainText.line(reason))\(end)")
    }
  }

  private static func write(_ bytes: [UInt8]) throws {
    let output = FileDescriptor(owning: STDOUT_FILENO)
    do {
      try output.write(bytes)
    } catch {
      _ = output.release()
      throw error
    }
    _ = output.release()
  }
}

/// The file of a recording.
private final class Recorder: @unchecked Sendable {
  // Used by the one task that receives.
  private var recording = ConsoleRecording()
  private let file: FileDescriptor
  private let start = ContinuousClock.now

  /// - Throws: an error whose description is a line for people.
  init(path: String, title: String) throws {
    // What machines print may be secret: root passwords are set at consoles.
    file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    let seconds = Int64(Date().timeIntervalSince1970)
    try file.write(Array(ConsoleRecording.header(title: title, unixSeconds: seconds).utf8))
  }

  func add(_ output: ConsoleOutput) throws {
    let (seconds, attoseconds) = start.duration(to: .now).components
    for line in recording.lines(for: output, after: Double(seconds) + Double(attoseconds) / 1e18) {
      try file.write(Array(line.utf8))
    }
  }
}
