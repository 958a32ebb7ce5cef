import ArgumentParser
import BareMetal

/// `siderite apply`
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Make resources as manifests say.",
    discussion: """
      Manifests are YAML or JSON: several documents a file, Sidero's own of
      metal.sidero.dev v1alpha2 and v1alpha1 among them. All documents are looked
      at before the first is stored: if anything is wrong with any, everything
      that is wrong is told, with file, line and field, and nothing is applied.

      What a manifest says is set, what it said when it was last applied and no
      longer says is taken away, and what others have set stays: hardware,
      addresses, a BMC that was set up. status is passed over. A field that
      nobody knows is an error (it is mostly a misspelt one), and with
      --ignore-unknown a warning. Text is YAML 1.2: 'yes' and 'on' are texts.

      Exit codes: 0 applied, 1 some could not be applied, 64 wrong usage, 65 a
      manifest is wrong: nothing was applied, 66 a file cannot be read: nothing
      was applied, 69 no daemon.

      Examples:
        siderite apply -f rack/
        siderite apply -f environment.yaml -f classes.yaml --dry-run
        siderite get server r12 -o yaml | sed s/r12/r13/ | siderite apply -f -
      """)

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp("A file, a folder (its .yaml, .yml and .json), or - for standard input.", valueName: "file"))
  var filename: [String]
  @Flag(help: "Say what would be done, and do nothing.") var dryRun = false
  @Flag(help: "Leave out fields that nobody knows, with a warning.") var ignoreUnknown = false
  @Option(name: .shortAndLong, help: "table, json (a line an object), yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws {
    guard !filename.isEmpty else { throw ValidationError("say what: --filename FILE, a folder, or -") }
  }

  func run() async throws {
    let files = ManifestFiles(filename)
    var order = ApplyOrder(objects: files.documents.map(\.document.value))
    order.dryRun = dryRun
    order.ignoreUnknown = ignoreUnknown
    order.by = Operator.name
    guard files.problems.isEmpty else {
      // What the daemon has to say of the others is told, too.
      order.dryRun = true
      let others = files.documents.isEmpty ? [] : try await problems(of: order, files)
      report(files.problems + others)
      throw files.isUnreadable ? ExitCode.noInput : ExitCode.invalidData
    }
    let (results, refused) = try await apply(order, files)
    guard refused.isEmpty else {
      report(refused)
      throw ExitCode.invalidData
    }
    if output == .yaml { print(try OutputFormat.render(results, as: .yaml), terminator: "") }
    if results.contains(where: { $0.outcome == .failed }) { throw ExitCode.failure }
  }

  /// What became of each, or everything that is wrong.
  private func apply(
    _ order: ApplyOrder, _ files: ManifestFiles
  ) async throws -> (results: [AppliedObject], refused: [ManifestProblem]) {
    var (results, refused): ([AppliedObject], [ManifestProblem]) = ([], [])
    try await options.withClient { client in
      do {
        let stream = try await client.stream(.post, "/apply", order)
        while let result = try await stream.next(AppliedObject.self) {
          results.append(result)
          try show(result, files)
        }
        guard results.count == files.documents.count else {
          throw AdminClient.Failure(
            description: "the daemon broke off after \(results.count) of \(files.documents.count) objects")
        }
      } catch let failure as AdminClient.Failure where !failure.causes.isEmpty {
        refused = files.problems(of: failure.causes)
      }
    }
    return (results, refused)
  }

  private func problems(of order: ApplyOrder, _ files: ManifestFiles) async throws -> [ManifestProblem] {
    var found: [ManifestProblem] = []
    try await options.withClient { client in
      do {
        let stream = try await client.stream(.post, "/apply", order)
        while try await stream.next(AppliedObject.self) != nil {}
      } catch let failure as AdminClient.Failure where !failure.causes.isEmpty {
        found = files.problems(of: failure.causes)
      }
    }
    return found
  }

  private func show(_ result: AppliedObject, _ files: ManifestFiles) throws {
    let document = files.documents[result.index]
    let title = "\(result.kind.lowercased())/\(result.name)"
    for warning in result.warnings ?? [] { Terminal.error("warning: \(document.file): \(title): \(warning)") }
    switch output {
    case .json: print(try OutputFormat.line(result))
    case .yaml: break
    case .name: if result.outcome != .failed { print(title) }
    case .table, .wide:
      if result.outcome != .failed { print("\(title) \(result.outcome.rawValue)\(dryRun ? " (dry run)" : "")") }
    }
    if result.outcome == .failed { Terminal.error("\(document.file): \(title): \(result.message ?? "failed")") }
    Terminal.flush()
  }

  private func report(_ problems: [ManifestProblem]) {
    for problem in problems { Terminal.error(problem.description) }
    Terminal.error("nothing was applied: \(problems.count == 1 ? "1 problem" : "\(problems.count) problems")")
  }
}

extension ManifestFiles {
  /// The daemon's causes, whose fields begin with `objects[3]`, in terms of files.
  func problems(of causes: [KubernetesStatus.Cause]) -> [ManifestProblem] {
    causes.map { cause in
      let field = Substring(cause.field)
      guard field.hasPrefix("objects["), let end = field.firstIndex(of: "]"),
        let index = Int(field[..<end].dropFirst("objects[".count)), documents.indices.contains(index)
      else { return ManifestProblem(file: "", path: cause.field, message: cause.message) }
      let path = field[field.index(after: end)...].drop { $0 == "." }
      return documents[index].problem(at: String(path), cause.message)
    }
  }
}
