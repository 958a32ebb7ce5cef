extension EnvironmentKind: ManifestKind {
  public static let olderVersions = [V1Alpha1.apiVersion]

  public static func problems(_ spec: EnvironmentSpec) -> [FieldProblem] { spec.problems() }
}

extension Resource<EnvironmentKind> {
  /// Everything that keeps this Environment from being fetched or booted, in the order of the fields.
  public func problems() -> [FieldProblem] {
    var problems = spec.problems()
    if metadata.name.hasPrefix(Self.reservedPrefix) {
      problems.insert(
        FieldProblem(
          path: "metadata.name", message: "names that begin with \(Self.reservedPrefix) are the discovery agent's"),
        at: 0)
    }
    return problems
  }

  /// `agent-amd64`, `agent-arm64`
  static var reservedPrefix: String { "agent-" }
}

extension EnvironmentSpec {
  /// The architectures of machines we can boot, beside amd64.
  static let otherArchitectures = ["arm64"]

  /// Everything that is wrong, with where it stands.
  public func problems() -> [FieldProblem] {
    var problems = EnvironmentFiles(kernel: kernel, initrd: initrd).problems(at: "spec")
    for (name, files) in (architectures ?? [:]).sorted(by: { $0.key < $1.key }) {
      let path = "spec.architectures.\(PlainText.line(name))"
      if name == AssetName.defaultArchitecture {
        problems.append(FieldProblem(path: path, message: "\(name) is spec.kernel and spec.initrd"))
      } else if !Self.otherArchitectures.contains(name) {
        let known = Self.otherArchitectures.joined(separator: ", ")
        problems.append(FieldProblem(path: path, message: "no machine boots this; there is \(known)"))
      }
      problems += files.problems(at: path)
    }
    return problems
  }
}

extension EnvironmentFiles {
  /// What the kernel takes: `COMMAND_LINE_SIZE` of x86 and arm64 with its final zero, in bytes.
  static let commandLineBytes = 2048

  fileprivate func problems(at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    if let kernel {
      problems += AssetSource(url: kernel.url, sha512: kernel.sha512).problems(at: "\(path).kernel")
      for (index, argument) in (kernel.args ?? []).enumerated() {
        guard let message = Self.problem(ofArgument: argument) else { continue }
        problems.append(FieldProblem(path: "\(path).kernel.args[\(index)]", message: message))
      }
      let length = (kernel.args ?? []).reduce(0) { $0 + $1.utf8.count + 1 }
      if length > Self.commandLineBytes {
        problems.append(
          FieldProblem(
            path: "\(path).kernel.args",
            message: "\(length) bytes together; the kernel reads no more than \(Self.commandLineBytes)"))
      }
    }
    if let initrd { problems += initrd.problems(at: "\(path).initrd") }
    return problems
  }

  /// One argument is one word of a line of an iPXE script.
  private static func problem(ofArgument argument: String) -> String? {
    if argument.isEmpty { return "is empty" }
    if !PlainText.isPlain(argument) { return "has a control character" }
    if argument.unicodeScalars.contains(where: { $0.properties.isWhitespace }) {
      return "has a blank: every argument is an item of its own"
    }
    if argument == "||" || argument == "&&" { return "would end the kernel's line in the iPXE script" }
    return nil
  }
}

extension AssetSource {
  fileprivate func problems(at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    let source = normalized
    if let url = source.url, let message = AssetLocation.problem(of: url) {
      problems.append(FieldProblem(path: "\(path).url", message: message))
    }
    if let sha512 = source.sha512 {
      if sha512.utf8.count != 128 || !sha512.utf8.allSatisfy({ Self.isHexadecimal($0) }) {
        problems.append(
          FieldProblem(
            path: "\(path).sha512",
            message: "is not 128 hexadecimal digits but \(sha512.utf8.count) characters; 'sha512sum FILE' shows them"))
      } else if source.url == nil {
        problems.append(FieldProblem(path: "\(path).sha512", message: "is of no file: url is not set"))
      }
    }
    return problems
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
