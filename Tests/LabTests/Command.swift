import Foundation

/// A program of the system, run to its end.
enum Command {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What it printed, both ways. Throws unless it ends with 0.
  @discardableResult
  static func run(_ arguments: String...) throws -> String { try run(arguments) }

  @discardableResult
  static func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(description: "\(arguments.joined(separator: " ")): \(process.terminationStatus): \(text)")
    }
    return text
  }
}
