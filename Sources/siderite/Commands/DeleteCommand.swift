import ArgumentParser
import BareMetal

/// `siderite delete`
struct DeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete resources.",
    discussion: """
      Deleting a ServerBinding releases its Server, whose disks are then erased:
      it is asked for, or said with --yes. A Server in use is not deleted, unless
      with --force; it comes back when its machine boots the agent again.

      Exit codes: 0 deleted, 1 refused or not found, 64 wrong usage, 66 a file
      cannot be read, 69 no daemon, 75 not gone in time (--wait).

      Examples:
        siderite delete environment old
        siderite delete server/4c4c4544 serverclass/workers
        siderite delete -f rack/ --wait
      """)

  @Argument(
    help: ArgumentHelp("KIND NAME… or KIND/NAME…; of KINDs there are \(KindName.help).", valueName: "kind"))
  var what: [String] = []
  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp("What these manifests name: a file, a folder, or -.", valueName: "file"))
  var filename: [String] = []
  @Flag(help: "Also a Server that is in use.") var force = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @Flag(help: "Say what would be deleted, and delete nothing.") var dryRun = false
  @OptionGroup var waiting: WaitOptions
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard what.isEmpty != filename.isEmpty else { throw ValidationError("say what: KIND NAME…, or --filename") }
    if !what.isEmpty { _ = try groups() }
  }

  func run() async throws {
    let groups = try groups()
    let bindings = groups.filter { $0.kind is ServerBindingKind.Type }.flatMap(\.names)
    if !bindings.isEmpty, !dryRun {
      try Confirmation.ask(
        "Released, their disks are erased: \(bindings.joined(separator: ", "))", word: "yes", isGiven: yes)
    }
    try await options.withClient { client in
      for group in groups {
        for name in group.names { try await delete(group.kind, name, client) }
      }
    }
  }

  private func groups() throws -> [ResourceArguments.Group] {
    if filename.isEmpty {
      var resources = ResourceArguments()
      resources.what = what
      return try resources.namedGroups()
    }
    let files = ManifestFiles(filename)
    guard files.problems.isEmpty else {
      for problem in files.problems { Terminal.error(problem.description) }
      throw files.isUnreadable ? ExitCode.noInput : ExitCode.invalidData
    }
    return try files.documents.map { document in
      let fields = document.document.value.fields
      let metadata = fields["metadata"]?.fields
      guard let kind = KindName.kind(fields["kind"]?.text ?? ""), let name = metadata?["name"]?.text
      else { throw ValidationError("\(document.file): document \(document.number): no kind and name of ours") }
      guard kind.isNamespaced, let namespace = metadata?["namespace"]?.text, !namespace.isEmpty else {
        return ResourceArguments.Group(kind: kind, names: [name])
      }
      return ResourceArguments.Group(kind: kind, names: ["\(namespace)/\(name)"])
    }
  }

  private func delete<Kind: ShownKind>(_ kind: Kind.Type, _ name: String, _ client: AdminClient) async throws {
    let found = try await client.find(kind, name)
    let title = Kind.title(of: found.metadata.key)
    var query = "?by=\(pathComponent(Operator.name))"
    if force { query += "&force=true" }
    if dryRun { query += "&dryRun=All" }
    let deleted = try await client.send(
      .delete, Kind.path(of: found.metadata.key) + query, as: Resource<Kind>.self)
    if dryRun { return print("\(title) deleted (dry run)") }
    guard let finalizers = deleted.metadata.finalizers, !finalizers.isEmpty else { return print("\(title) deleted") }
    guard waiting.wait else {
      return print("\(title) is being deleted: waits for \(finalizers.joined(separator: ", "))")
    }
    try await waiting.untilGone(kind, found.metadata.key, client)
    print("\(title) deleted")
  }
}
