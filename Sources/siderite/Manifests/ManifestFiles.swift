import BareMetal
import LinuxSystem

/// What is wrong with manifests: where it stands, and what it is.
struct ManifestProblem: Hashable {
  /// `rack.yaml`, `standard input`
  var file: String
  /// Counted from 1; `nil` where the file is wrong as a whole.
  var document: Int?
  var line: Int?
  var path = ""
  var message: String
}

extension ManifestProblem: CustomStringConvertible {
  /// `rack.yaml:14: document 2: spec.pxeMode: 'efi' is not one of uefi, bios`
  var description: String {
    let place = file + (line.map { ":\($0)" } ?? "")
    let number = document.map { "document \($0)" }
    return [place, number, path.isEmpty ? nil : path, message].compactMap(\.self).joined(separator: ": ")
  }
}

/// A document of a file.
struct ManifestDocument {
  var file: String
  /// Counted from 1, among those that are not empty.
  var number: Int
  var document: YAMLDocument

  /// `Server/4c4c4544-…`, as far as it says.
  var subject: String {
    let name = document.value.fields["metadata"]?.fields["name"]?.text ?? "?"
    return "\(document.value.fields["kind"]?.text ?? "?")/\(name)"
  }

  func problem(at path: String, _ message: String) -> ManifestProblem {
    ManifestProblem(
      file: file, document: number, line: document.line(of: path), path: path, message: message)
  }
}

/// Manifests read from files, folders and standard input.
struct ManifestFiles {
  /// A file is never larger: the daemon takes 64 MB of JSON.
  static let bytesAtMost = 64 << 20

  private(set) var documents: [ManifestDocument] = []
  private(set) var problems: [ManifestProblem] = []
  /// Whether something could not be read at all.
  private(set) var isUnreadable = false
  /// What was read last, as it stands there.
  private(set) var text: String?

  /// - Parameter paths: files, folders (their `.yaml`, `.yml` and `.json`), or `-` for standard input.
  init(_ paths: [String]) {
    for path in paths { read(path) }
  }

  /// From a text, as tests and the editor have it.
  init(text: String, file: String) { read(text, file) }

  private mutating func read(_ path: String) {
    do {
      if path == "-" {
        let input = FileDescriptor(owning: Terminal.Stream.input.rawValue)
        let bytes = Result { try input.readToEnd(limit: Self.bytesAtMost + 1) }
        _ = input.release()
        return read(try bytes.get(), "standard input")
      }
      // What is no folder cannot be listed; what is not there is an empty one.
      if let names = try? Directory.names(in: path), !names.isEmpty {
        let files = names.filter { name in [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } }
        if files.isEmpty { fail(path, "no .yaml, .yml or .json file is in this folder") }
        for name in files { read("\(path)/\(name)") }
        return
      }
      guard let bytes = try FileDescriptor.contents(of: path, limit: Self.bytesAtMost + 1) else {
        return fail(path, "there is no such file or folder")
      }
      read(bytes, path)
    } catch {
      fail(path, "\(error)")
    }
  }

  private mutating func read(_ bytes: [UInt8], _ file: String) {
    guard bytes.count <= Self.bytesAtMost else { return fail(file, "larger than \(Self.bytesAtMost >> 20) MB") }
    guard let text = String(validating: bytes, as: UTF8.self) else { return fail(file, "not UTF-8 text") }
    read(text, file)
  }

  private mutating func read(_ text: String, _ file: String) {
    self.text = text
    do throws(YAMLProblem) {
      let found = try YAMLReader.documents(text)
      if found.isEmpty { problems.append(ManifestProblem(file: file, message: "no document is in it")) }
      for (index, document) in found.enumerated() {
        add(ManifestDocument(file: file, number: index + 1, document: document))
      }
    } catch {
      problems.append(ManifestProblem(file: file, line: error.line, path: error.path, message: error.message))
    }
  }

  /// A list counts as what is in it: `siderite get servers -o yaml` can be applied again.
  private mutating func add(_ document: ManifestDocument) {
    guard document.document.value.fields["kind"]?.text?.hasSuffix("List") == true,
      case .array(let items)? = document.document.value.fields["items"]
    else { return documents.append(document) }
    for (index, item) in items.enumerated() {
      let prefix = "items[\(index)]"
      var lines: [String: Int] = [:]
      for (path, line) in document.document.lines where path.hasPrefix(prefix) {
        lines[String(path.dropFirst(prefix.count).drop { $0 == "." })] = line
      }
      documents.append(
        ManifestDocument(
          file: document.file, number: document.number, document: YAMLDocument(value: item, lines: lines)))
    }
  }

  private mutating func fail(_ file: String, _ message: String) {
    isUnreadable = true
    problems.append(ManifestProblem(file: file, message: message))
  }
}
