/// Which module drives which device and what each needs first: the files that depmod(8) writes beside the modules.
public struct ModuleIndex: Sendable {
  private struct Alias {
    let pattern: [UInt8]
    let module: String
  }

  /// Module → path of its file below the directory of the index.
  private var paths = [String: String]()
  /// Module → the files it needs.
  private var dependencies = [String: [String]]()
  /// Module → modules to load before and after it, if they are there.
  private var softDependencies = [String: (before: [String], after: [String])]()
  /// Patterns by what stands before the first colon (`pci`, `virtio`, …): most of them need not be tried.
  private var aliases = [[UInt8]: [Alias]]()

  /// Reads the texts of `modules.dep`, `modules.alias` and `modules.softdep`; lines that make no sense are passed over.
  public init(dependencies: String, aliases: String, softDependencies: String = "") {
    for line in dependencies.split(separator: "\n") {
      // kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/…
      guard let colon = line.firstIndex(of: ":") else { continue }
      let path = String(line[..<colon])
      let module = Self.name(ofFile: path)
      paths[module] = path
      self.dependencies[module] = line[line.index(after: colon)...].split(separator: " ").map(String.init)
    }
    for line in aliases.split(separator: "\n") {
      // alias virtio:d00000001v* virtio_net
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "alias" else { continue }
      let pattern = Array(words[1].utf8)
      self.aliases[Self.bus(of: pattern), default: []].append(
        Alias(pattern: pattern, module: Self.canonical(words[2])))
    }
    for line in softDependencies.split(separator: "\n") {
      // softdep r8169 pre: realtek post: …
      let words = line.split(separator: " ")
      guard words.count > 2, words[0] == "softdep" else { continue }
      var lists = (before: [String](), after: [String]())
      var isBefore = true
      for word in words.dropFirst(2) {
        switch word {
        case "pre:": isBefore = true
        case "post:": isBefore = false
        default:
          if isBefore { lists.before.append(String(word)) } else { lists.after.append(String(word)) }
        }
      }
      self.softDependencies[Self.canonical(words[1])] = lists
    }
  }

  /// The modules whose patterns match what a device says of itself (its `modalias` attribute), in the index's order.
  public func modules(forDevice modalias: String) -> [String] {
    let text = Array(modalias.utf8)
    var modules = [String]()
    for alias in aliases[Self.bus(of: text)] ?? [] where Wildcard.matches(alias.pattern, text) {
      if !modules.contains(alias.module) { modules.append(alias.module) }
    }
    return modules
  }

  /// The files to load for `module`, each after what it needs, paths below the directory of the index; empty when there
  /// is no such module.
  public func loadOrder(of module: String) -> [String] {
    var order = [String]()
    var visited = Set<String>()
    visit(module, &order, &visited)
    return order
  }

  private func visit(_ name: String, _ order: inout [String], _ visited: inout Set<String>) {
    let module = Self.canonical(name)
    guard visited.insert(module).inserted else { return }
    guard let path = paths[module] else {
      // A soft dependency may name what modules provide, `crypto-crc32c`, and more than one may.
      for provider in modules(forDevice: name) { visit(provider, &order, &visited) }
      return
    }
    let soft = softDependencies[module]
    for other in soft?.before ?? [] { visit(other, &order, &visited) }
    // depmod lists a module before those it needs itself.
    for file in (dependencies[module] ?? []).reversed() { visit(Self.name(ofFile: file), &order, &visited) }
    order.append(path)
    for other in soft?.after ?? [] { visit(other, &order, &visited) }
  }

  private static func name(ofFile path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return canonical(file.prefix { $0 != "." })
  }

  /// Modules go by `a_b`, whether their file is `a-b.ko` or `a_b.ko`.
  private static func canonical(_ name: some StringProtocol) -> String {
    String(name.map { $0 == "-" ? "_" : $0 })
  }

  private static func bus(of text: [UInt8]) -> [UInt8] { Array(text.prefix { $0 != UInt8(ascii: ":") }) }
}
