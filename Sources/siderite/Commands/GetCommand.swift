import ArgumentParser
import BareMetal

/// `siderite get`
struct GetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "List resources.",
    discussion: """
      With --watch the table goes on with a line for every change, until it is
      interrupted; with -o json each is a line of JSON.

      Exit codes: 0 shown, 1 not found, 64 wrong usage, 69 no daemon, or it ended
      the watch.

      Examples:
        siderite get servers
        siderite get servers -o wide -l rack=3
        siderite get server 4c4c4544 -o yaml
        siderite get environments --watch        how far their files are
        siderite get servers,serverclasses
      """)

  @OptionGroup var resources: ResourceArguments
  @Option(
    name: [.customShort("l"), .long], help: "Those with these labels: 'rack=3,role!=storage,tier in (a,b),!broken'.")
  var selector: String?
  @Flag(name: .shortAndLong, help: "Go on with what changes.") var watch = false
  @Option(name: .shortAndLong, help: "table, wide, json, yaml or name.") var output: OutputFormat = .table
  @OptionGroup var options: AdminOptions

  func validate() throws {
    let groups = try resources.groups()
    guard selector == nil || groups.allSatisfy(\.names.isEmpty) else {
      throw ValidationError("names or --selector, not both")
    }
    guard !watch || (groups.count == 1 && groups[0].names.count <= 1) else {
      throw ValidationError("--watch follows one kind, or one resource")
    }
  }

  func run() async throws {
    let groups = try resources.groups()
    try await options.withClient { client in
      for (index, group) in groups.enumerated() {
        if index > 0, output == .yaml { print("---") }
        if watch {
          try await follow(group.kind, group.names.first, client)
        } else {
          try await show(group.kind, group.names, client, isFurther: index > 0)
        }
      }
    }
  }

  private func show<Kind: ShownKind>(
    _ kind: Kind.Type, _ names: [String], _ client: AdminClient, isFurther: Bool
  ) async throws {
    let list = try await client.list(kind, names: names, selector: selector)
    switch output {
    case .json, .yaml:
      if names.count == 1, let only = list.items.first {
        print(try OutputFormat.render(only, as: output), terminator: "")
      } else {
        print(try OutputFormat.render(list, as: output), terminator: "")
      }
    case .name: for resource in list.items { print(Kind.title(of: resource.metadata.key)) }
    case .table, .wide:
      if list.items.isEmpty {
        Terminal.error(selector == nil ? Kind.emptyHint : "no \(Kind.plural) have these labels")
      } else {
        if isFurther { print("") }
        print(Kind.table(list.items, wide: output == .wide).text, terminator: "")
      }
    }
  }

  /// What there is, then what changes; what there is again where changes were lost.
  private func follow<Kind: ShownKind>(_ kind: Kind.Type, _ name: String?, _ client: AdminClient) async throws {
    let name = if let name { try await client.find(kind, name).metadata.key } else { String?.none }
    var view = WatchView<Kind>(output: output)
    while true {
      let list =
        if let name { try await client.list(kind, named: name) } else {
          try await client.list(kind, selector: selector)
        }
      try view.begin(list.items)
      _ = try await client.watch(kind, name: name, selector: selector, after: list.metadata?.resourceVersion) {
        try view.add($1, isDeleted: $0 == .deleted)
        return false
      }
    }
  }
}

/// A table that goes on: columns stay as wide as they were at the beginning, unless a cell needs more.
struct WatchView<Kind: ShownKind> {
  let output: OutputFormat
  private var widths: [Int] = []
  /// Those that are there, as they were shown last.
  private var shown: [String: Resource<Kind>] = [:]

  init(output: OutputFormat) { self.output = output }

  /// Everything there is; where changes were lost, what of it is news.
  mutating func begin(_ resources: [Resource<Kind>]) throws {
    if output == .table || output == .wide, widths.isEmpty {
      let table = Kind.table(resources, wide: output == .wide)
      widths = table.widths
      print(table.text, terminator: "")
      for resource in resources { shown[resource.metadata.key] = resource }
      Terminal.flush()
      return
    }
    let present = Set(resources.map(\.metadata.key))
    for (name, gone) in shown.sorted(by: { $0.key < $1.key }) where !present.contains(name) {
      try add(gone, isDeleted: true)
    }
    for resource in resources where shown[resource.metadata.key] != resource {
      try add(resource, isDeleted: false)
    }
  }

  mutating func add(_ resource: Resource<Kind>, isDeleted: Bool) throws {
    let name = resource.metadata.key
    if isDeleted {
      // A change may be told as a deletion of what was never shown: it does not match the labels.
      guard shown.removeValue(forKey: name) != nil else { return }
    } else {
      shown[name] = resource
    }
    switch output {
    case .json: print(try OutputFormat.line(resource))
    case .yaml: print("---\n" + (try OutputFormat.render(resource, as: .yaml)), terminator: "")
    case .name: print(Kind.title(of: name))
    case .table, .wide:
      var cells = Kind.cells(of: resource, wide: output == .wide, now: .now)
      if isDeleted { cells.append("deleted") }
      let row = Table.Row(cells)
      widths = row.widths(atLeast: widths)
      print(row.text(widths: widths))
    }
    Terminal.flush()
  }
}
