import Glibc
import Testing

/// A directory for one test, gone after it.
struct TemporaryDirectory: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/siderite-test-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit { system("rm -rf '\(path)'") }

  /// Writes a file and the directories above it.
  func write(_ contents: some Sequence<UInt8>, to name: String) throws {
    let file = "\(path)/\(name)"
    var parent = path
    for part in name.split(separator: "/").dropLast() {
      parent += "/\(part)"
      mkdir(parent, 0o755)
    }
    let stream = try #require(fopen(file, "w"))
    let bytes = Array(contents)
    fwrite(bytes, 1, bytes.count, stream)
    fclose(stream)
  }
}
