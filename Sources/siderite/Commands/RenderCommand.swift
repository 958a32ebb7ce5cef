import ArgumentParser
import BareMetal

/// `siderite render`
struct RenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Show what a Server would be served, without serving it.",
    discussion: """
      dhcp: what each kind of boot client is offered; script: iPXE's; args: the
      kernel's arguments; config: the machine configuration, byte for byte; all:
      these, and which patch set which field. A boot token stands as <token>.

      Exit codes: 0 shown, 1 not found, or the part cannot be rendered (it is
      said why), 64 wrong usage, 69 no daemon.

      Examples:
        siderite render server r12
        siderite render server r12 --part config > r12.yaml
        siderite render server 4c4c4544 -o json
      """)

  /// A part of it.
  enum Part: String, ExpressibleByArgument, CaseIterable {
    case dhcp, script, args, config, all
  }

  @Argument(help: ArgumentHelp("server NAME, or server/NAME.", valueName: "kind")) var what: [String]
  @Option(help: "dhcp, script, args, config or all.") var part: Part = .all
  @Option(name: .shortAndLong, help: "table, json or yaml.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws { _ = try server() }

  func run() async throws {
    let name = try server()
    try await options.withClient(needsDaemon: "what a machine is served") { client in
      let rendered = try await client.send(
        .get, "/servers/\(pathComponent(name))/render", as: RenderedBoot.self)
      if output == .json || output == .yaml {
        print(try OutputFormat.render(rendered, as: output), terminator: "")
        return
      }
      if part == .config {
        guard let text = rendered.configuration else {
          throw AdminClient.Failure(
            description: rendered.configurationProblem ?? "it is not allocated: no configuration")
        }
        // Byte for byte: nothing before it and nothing behind it.
        print(text, terminator: "")
        return
      }
      print(RenderText(rendered).text(part), terminator: "")
    }
  }

  private func server() throws -> String {
    var resources = ResourceArguments()
    resources.what = what
    let groups = try resources.namedGroups()
    guard groups.count == 1, groups[0].kind is ServerKind.Type, groups[0].names.count == 1 else {
      throw ValidationError("say which Server: server NAME")
    }
    return groups[0].names[0]
  }
}

/// What would be served, for people.
private struct RenderText {
  let rendered: RenderedBoot

  init(_ rendered: RenderedBoot) { self.rendered = rendered }

  func text(_ part: RenderCommand.Part) -> String {
    switch part {
    case .dhcp: dhcp
    case .script: scripts
    case .args: arguments
    case .config: rendered.configuration ?? ""
    case .all:
      "boots \(rendered.boots): \(rendered.reason)\n\nDHCP\n\(dhcp)\nSCRIPT\n\(scripts)\nARGUMENTS\n\(arguments)"
        + "\nCONFIGURATION\n\(rendered.configuration ?? "# \(rendered.configurationProblem ?? "not allocated")\n")"
        + (rendered.patchedFields.map { $0.isEmpty ? "" : "\nPATCHED\n\(patches($0))" } ?? "")
    }
  }

  private var dhcp: String {
    Table(
      columns: ["CLIENT", "CLASS", "SERVER", "FILE", "REASON"],
      rows: rendered.offers.map {
        [$0.client, $0.vendorClass ?? "", $0.nextServer ?? "", $0.bootFile ?? "", $0.reason]
      }
    ).text
  }

  private var scripts: String {
    rendered.scripts.map { script in
      let body = script.script ?? "# \(script.problem ?? "no script")\n"
      return "# \(script.architectures.joined(separator: ", "))\n\(body)\(body.hasSuffix("\n") ? "" : "\n")"
    }.joined(separator: "\n")
  }

  private var arguments: String {
    rendered.scripts.compactMap { script in
      script.kernelArguments.map { arguments in
        "# \(script.architectures.joined(separator: ", "))\n" + arguments.map { "\($0)\n" }.joined()
      }
    }.joined(separator: "\n")
  }

  private func patches(_ fields: [PatchedField]) -> String {
    Table(
      columns: ["DOCUMENT", "FIELD", "CHANGE", "BY"],
      rows: fields.map { [$0.document, $0.path, $0.change.rawValue, $0.origin] }
    ).text
  }
}
