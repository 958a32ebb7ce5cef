import ArgumentParser
import BareMetal

/// `siderite patch`
struct PatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patch",
    abstract: "Change some fields of a resource.",
    discussion: """
      merge: what the patch says replaces what is there, and null takes a field
      away (RFC 7396); lists are replaced as a whole. json: a list of operations
      (RFC 6902), of which all or none is done. The patch is JSON or YAML. status
      is what was observed: it cannot be set.

      Exit codes: 0 changed, 1 refused or not found, 64 wrong usage, 65 the patch
      cannot be read, 66 nor its file, 69 no daemon.

      Examples:
        siderite patch server 4c4c4544 -p '{"spec":{"cordoned":true}}'
        siderite patch server/r12 -p 'metadata: {labels: {rack: "3"}}'
        siderite patch serverclass workers --type json \\
          -p '[{"op":"add","path":"/spec/configPatches/-","value":
          {"op":"add","path":"/machine/sysctls","value":{"a":"1"}}}]'
      """)

  /// How a patch is written.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case merge, json

    var contentType: String { "application/\(rawValue)-patch+json" }
  }

  @OptionGroup var resources: ResourceArguments
  @Option(help: "merge or json.") var type: Form = .merge
  @Option(name: .shortAndLong, help: "The patch.") var patch: String?
  @Option(help: ArgumentHelp("A file with the patch, or - for standard input.", valueName: "file"))
  var patchFile: String?
  @Flag(help: "Say what it would be, and change nothing.") var dryRun = false
  @Flag(help: "Also what cannot be done to a Server in use.") var force = false
  @Option(name: .shortAndLong, help: "table, json, yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws {
    _ = try resources.namedGroups()
    guard (patch == nil) != (patchFile == nil) else { throw ValidationError("say how: --patch or --patch-file") }
  }

  func run() async throws {
    let groups = try resources.namedGroups()
    let change = try change()
    try await options.withClient { client in
      for group in groups {
        for name in group.names { try await apply(change, to: group.kind, name, client) }
      }
    }
  }

  private func change() throws -> JSONValue {
    let files = patchFile.map { ManifestFiles([$0]) } ?? ManifestFiles(text: patch ?? "", file: "the patch")
    guard files.problems.isEmpty, files.documents.count == 1 else {
      for problem in files.problems { Terminal.error(problem.description) }
      if files.problems.isEmpty { Terminal.error("a patch is one document") }
      throw files.isUnreadable ? ExitCode.noInput : ExitCode.invalidData
    }
    return files.documents[0].document.value
  }

  private func apply<Kind: ShownKind>(
    _ change: JSONValue, to kind: Kind.Type, _ name: String, _ client: AdminClient
  ) async throws {
    let before = try await client.find(kind, name)
    var query = "?by=\(pathComponent(Operator.name))"
    if dryRun { query += "&dryRun=All" }
    if force { query += "&force=true" }
    let after = try await client.send(
      .patch, Kind.path(of: before.metadata.key) + query, change, contentType: type.contentType,
      as: Resource<Kind>.self)
    let title = Kind.title(of: after.metadata.key)
    switch output {
    case .json, .yaml: print(try OutputFormat.render(after, as: output), terminator: "")
    case .name: print(title)
    case .table, .wide:
      let isSame = after.spec == before.spec && after.metadata.hasSameContent(as: before.metadata)
      print("\(title) \(isSame ? "unchanged" : "patched")\(dryRun ? " (dry run)" : "")")
    }
  }
}
