import BootServices
import Foundation
import TFTPTesting
import Testing

/// Real TFTP clients against the service on a free port of 127.0.0.1. A client that is not installed is a failure:
/// tools/test installs them all.
@Suite(.serialized)
struct TFTPInteropTests {
  /// Sizes around every boundary there is: empty, one byte, block size, window, and block numbers past 65535.
  static let sizes = [0, 1, 511, 512, 513, 1467, 1468, 1469, 1468 * 64, 1468 * 64 + 1, 1_000_000]

  @Test("curl reads files of every size", arguments: sizes + [512 * 65535, 512 * 70_000])
  func curl(size: Int) async throws {
    try await compare(size) { port, file in
      ["curl", "--silent", "--show-error", "--output", file, "tftp://127.0.0.1:\(port)/file"]
    }
  }

  @Test("curl with a block size of 1468 reads files of every size", arguments: sizes)
  func curlWithLargeBlocks(size: Int) async throws {
    try await compare(size) { port, file in
      ["curl", "--silent", "--show-error", "--tftp-blksize", "1468", "--output", file, "tftp://127.0.0.1:\(port)/file"]
    }
  }

  @Test("curl without options reads files of every size", arguments: sizes)
  func curlWithoutOptions(size: Int) async throws {
    try await compare(size) { port, file in
      ["curl", "--silent", "--show-error", "--tftp-no-options", "--output", file, "tftp://127.0.0.1:\(port)/file"]
    }
  }

  @Test("tftp-hpa reads files of every size", arguments: sizes)
  func tftpHPA(size: Int) async throws {
    try await compare(size) { port, file in
      ["tftp", "-4", "-m", "binary", "127.0.0.1", port, "-c", "get", "file", file]
    }
  }

  @Test("atftp reads files of every size, lock-step and with windows", arguments: sizes, [1, 4, 16, 64])
  func atftp(size: Int, window: Int) async throws {
    try await compare(size) { port, file in
      [
        "atftp", "--option", "blksize 1468", "--option", "windowsize \(window)", "--option", "tsize 0",
        "--get", "--remote-file", "file", "--local-file", file, "127.0.0.1", port,
      ]
    }
  }

  @Test("atftp reads past block 65535 with windows")
  func atftpRollOver() async throws {
    try await compare(512 * 70_000) { port, file in
      [
        "atftp", "--option", "windowsize 16", "--get", "--remote-file", "file", "--local-file", file, "127.0.0.1", port,
      ]
    }
  }

  @Test("busybox tftp reads files of every size", arguments: sizes, [512, 1468])
  func busybox(size: Int, blockSize: Int) async throws {
    try await compare(size) { port, file in
      ["busybox", "tftp", "-g", "-b", String(blockSize), "-r", "file", "-l", file, "127.0.0.1", port]
    }
  }

  @Test("in single-port mode every client reads a file")
  func singlePort() async throws {
    let clients: [(String, String) -> [String]] = [
      { ["curl", "--silent", "--show-error", "--output", $1, "tftp://127.0.0.1:\($0)/file"] },
      { ["tftp", "-4", "-m", "binary", "127.0.0.1", $0, "-c", "get", "file", $1] },
      {
        ["atftp", "--option", "windowsize 16", "--get", "--remote-file", "file", "--local-file", $1, "127.0.0.1", $0]
      },
      { ["busybox", "tftp", "-g", "-r", "file", "-l", $1, "127.0.0.1", $0] },
    ]
    for command in clients { try await compare(200_000, singlePort: true, command) }
  }

  @Test("tftp-hpa in ASCII mode and curl in netascii get the text back")
  func netascii() async throws {
    let text = Array(String(repeating: "a line\nand a lone \r in the middle\r\nand\n\n", count: 500).utf8)
    try await TFTPServer.run(["file": text]) { server in
      let viaHPA = try await Client.run {
        ["tftp", "-4", "-m", "ascii", "127.0.0.1", "\(server.port)", "-c", "get", "file", $0]
      }
      #expect(viaHPA.bytes == text, "\(viaHPA.output)")
    }
  }

  @Test("an unknown file and a write are refused in words that clients show")
  func refusals() async throws {
    try await TFTPServer.run(["file": [1]]) { server in
      let unknown = try await Client.run { ["tftp", "-4", "127.0.0.1", "\(server.port)", "-c", "get", "none.efi", $0] }
      #expect(unknown.output.contains("none.efi"), "\(unknown.output)")
      let write = try await Client.run { file in
        ["curl", "--silent", "--show-error", "--upload-file", "/etc/hostname", "tftp://127.0.0.1:\(server.port)/x"]
      }
      #expect(write.status != 0)
      #expect(server.service.statistics.refused == 2)
    }
  }

  /// Reads `file` of `size` bytes with a client's command and compares.
  private func compare(_ size: Int, singlePort: Bool = false, _ command: (_ port: String, _ file: String) -> [String])
    async throws
  {
    let content = pattern(size)
    try await TFTPServer.run(
      ["file": content], configure: { if singlePort { $0.portMode = .single } }
    ) { server in
      let result = try await Client.run { command(String(server.port), $0) }
      #expect(result.status == 0, "\(result.output)")
      #expect(
        result.bytes == content, "\(result.bytes?.count ?? -1) bytes differ from the \(size) served: \(result.output)")
    }
  }

  /// Bytes of which no two blocks are alike.
  private func pattern(_ size: Int) -> [UInt8] {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    var words = [UInt64]()
    for _ in 0..<(size / 8 + 1) {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      words.append(state)
    }
    return words.withUnsafeBytes { Array($0.prefix(size)) }
  }
}

/// A client program that was run to its end.
private struct Client {
  let status: Int32
  let output: String

  /// What it wrote into the file it was given.
  let bytes: [UInt8]?

  /// Runs the command that `arguments` makes for a new file's path.
  static func run(_ arguments: (_ file: String) -> [String]) async throws -> Client {
    let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "received")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["timeout", "60"] + arguments(file.path())
    process.currentDirectoryURL = directory
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    let output = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Data, any Error>) in
      process.terminationHandler = { @Sendable _ in
        continuation.resume(returning: (try? pipe.fileHandleForReading.readToEnd()) ?? Data())
      }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    return Client(
      status: process.terminationStatus,
      output: String(decoding: output, as: UTF8.self),
      bytes: (try? Data(contentsOf: file)).map { Array($0) }
    )
  }
}
