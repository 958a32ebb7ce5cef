import ArgumentParser
import BareMetal
import FoundationEssentials
import LinuxSystem

/// `siderite edit`
struct EditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit",
    abstract: "Change a resource in a text editor.",
    discussion: """
      Opens $VISUAL, $EDITOR or vi. What is wrong comes back as comments at the
      top, to be put right; to give up, leave the text as it is. When somebody
      else changes the resource meanwhile, changes of other fields go together;
      where both changed the same, the text comes back with theirs and yours.

      Exit codes: 0 changed, or left as it was; 1 not changed, and the text is
      kept; 64 wrong usage; 69 no daemon.

      Examples:
        siderite edit server r12
        EDITOR='code --wait' siderite edit environment/default
      """)

  @OptionGroup var resources: ResourceArguments
  @Flag(help: "Also what cannot be done to a Server in use.") var force = false
  @OptionGroup var options: AdminOptions

  func validate() throws { _ = try resources.namedGroups() }

  func run() async throws {
    let groups = try resources.namedGroups()
    try await options.withClient { client in
      for group in groups {
        for name in group.names { try await edit(group.kind, name, client) }
      }
    }
  }

  private func edit<Kind: ShownKind>(_ kind: Kind.Type, _ name: String, _ client: AdminClient) async throws {
    var draft = ResourceDraft(try await client.find(kind, name))
    let title = Kind.title(of: draft.name)
    let file = try Editor.makeFile(try draft.text)
    do {
      while true {
        let before = try Self.read(file)
        try Editor().edit(file)
        let text = try Self.read(file)
        guard DraftText.content(of: text) != DraftText.content(of: before) else {
          guard draft.problems.isEmpty else { throw AdminClient.Failure(description: "\(title) not changed") }
          break
        }
        if try await send(text, &draft, client) {
          remove(file)
          print("\(title) edited")
          return
        }
        try Data(try draft.text.utf8).write(to: URL(filePath: file))
      }
    } catch {
      Terminal.error("what was written is kept in \(file)")
      throw (error as? AdminClient.Failure) ?? AdminClient.Failure(description: "\(error)")
    }
    remove(file)
    print("\(title) unchanged")
  }

  /// - Returns: whether it is done; otherwise the draft says what stands against it.
  private func send<Kind: ShownKind>(
    _ text: String, _ draft: inout ResourceDraft<Kind>, _ client: AdminClient
  ) async throws -> Bool {
    let files = ManifestFiles(text: text, file: "line")
    guard files.problems.isEmpty, files.documents.count == 1 else {
      draft.reject(
        text,
        files.problems.isEmpty ? ["there is one document, no more and no less"] : files.problems.map(\.description))
      return false
    }
    let document = files.documents[0]
    draft.edited = document.document.value
    while true {
      do {
        let query = "?by=\(pathComponent(Operator.name))\(force ? "&force=true" : "")"
        _ = try await client.send(
          .patch, Kind.path(of: draft.name) + query, draft.patch,
          contentType: PatchCommand.Form.merge.contentType, as: Resource<Kind>.self)
        return true
      } catch let failure as AdminClient.Failure where failure.status == 409 {
        let live = try await client.find(Kind.self, draft.name)
        if live.metadata.resourceVersion == draft.version {
          draft.reject(text, [failure.description])
          return false
        }
        let conflicts = draft.rebase(onto: live)
        if !conflicts.isEmpty { return false }
      } catch let failure as AdminClient.Failure where failure.status == 422 || failure.status == 400 {
        let problems = failure.causes.map { document.problem(at: $0.field, $0.message).description }
        draft.reject(text, problems.isEmpty ? [failure.description] : problems)
        return false
      }
    }
  }

  private static func read(_ file: String) throws -> String {
    let bytes = try FileDescriptor.contents(of: file, limit: ManifestFiles.bytesAtMost) ?? []
    return String(decoding: bytes, as: UTF8.self)
  }

  private func remove(_ file: String) { try? FileManager.default.removeItem(atPath: file) }
}

/// A resource while it is edited: what it was, what it is to be, and what stands against that.
struct ResourceDraft<Kind: ShownKind> {
  let name: String
  private(set) var version: String?
  private(set) var problems: [String] = []
  /// As the person left it.
  var edited: JSONValue
  /// As it is stored.
  private var original: JSONValue
  /// What the person wrote, where it cannot even be read.
  private var rejected: String?

  init(_ resource: Resource<Kind>) {
    name = resource.metadata.key
    version = resource.metadata.resourceVersion
    original = Self.editable(resource)
    edited = original
  }

  /// What is opened in the editor.
  var text: String {
    get throws {
      let body = try rejected ?? OutputFormat.render(edited, as: .yaml)
      let comments =
        problems.isEmpty ? ["Saved as it is, nothing changes. status is observed, and not here."] : problems
      return comments.map { "# \($0)\n" }.joined() + body
    }
  }

  /// What the person changed, of the state that it was made from.
  var patch: JSONValue {
    let state: JSONValue = .object(["metadata": .object(["resourceVersion": version.map { .string($0) } ?? .null])])
    return state.merging(original.mergePatch(to: edited))
  }

  mutating func reject(_ text: String, _ problems: [String]) {
    rejected = DraftText.content(of: text)
    self.problems = problems
  }

  /// Makes the same changes of what somebody else has made of it.
  /// - Returns: the fields that both have changed.
  mutating func rebase(onto live: Resource<Kind>) -> [String] {
    let theirs = original.mergePatch(to: Self.editable(live)).changedPaths
    let ours = original.mergePatch(to: edited)
    let conflicts = ours.changedPaths.filter { mine in
      theirs.contains { $0 == mine || $0.hasPrefix("\(mine).") || mine.hasPrefix("\($0).") }
    }
    original = Self.editable(live)
    version = live.metadata.resourceVersion
    edited = original.merging(ours)
    rejected = nil
    problems = conflicts.map { "\($0) was changed by somebody else meanwhile; below stands yours" }
    return conflicts
  }

  /// Without what nobody sets by hand.
  private static func editable(_ resource: Resource<Kind>) -> JSONValue {
    var fields = JSONValue(encoding: resource).fields
    fields["status"] = nil
    var metadata = fields["metadata"]?.fields ?? [:]
    for key in ["uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"] {
      metadata[key] = nil
    }
    if var annotations = metadata["annotations"]?.fields {
      annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
      metadata["annotations"] = annotations.isEmpty ? nil : .object(annotations)
    }
    fields["metadata"] = .object(metadata)
    return .object(fields)
  }
}

/// The text in the editor.
enum DraftText {
  /// A text without its comments at the top, which are ours.
  static func content(of text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while lines.first?.hasPrefix("#") == true { lines.removeFirst() }
    return lines.joined(separator: "\n")
  }
}
