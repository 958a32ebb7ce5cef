import ArgumentParser
import BareMetal

/// Which resources are meant: `servers`, `servers,environments`, `server a b` or `server/a environment/b`.
struct ResourceArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "KIND, KIND NAME… or KIND/NAME…; of KINDs there are \(KindName.help).",
      discussion: """
        Servers and their bindings also go by the beginning of a name (4 characters or more) or hostname; what lives in \
        another namespace than default by NAMESPACE/NAME.
        """,
      valueName: "kind"))
  var what: [String]

  /// Objects of one kind.
  struct Group {
    var kind: any ShownKind.Type
    /// Empty for all of them.
    var names: [String]
  }

  func validate() throws { _ = try groups() }

  func groups() throws -> [Group] {
    guard let first = what.first else { throw ValidationError("say which kind: \(KindName.help)") }
    guard !first.contains("/") else { return try what.map(single) }
    let kinds = try first.split(separator: ",").map(kind)
    let names = Array(what.dropFirst())
    guard names.allSatisfy({ !$0.contains("/") }) || kinds.allSatisfy({ $0.isNamespaced }) else {
      throw ValidationError("KIND NAME… or KIND/NAME…, not both")
    }
    guard names.isEmpty || kinds.count == 1 else { throw ValidationError("names are of one kind: KIND/NAME…") }
    return kinds.map { Group(kind: $0, names: names) }
  }

  /// As ``groups()``, each with names.
  func namedGroups() throws -> [Group] {
    let groups = try groups()
    guard groups.allSatisfy({ !$0.names.isEmpty }) else { throw ValidationError("say which: KIND NAME…") }
    return groups
  }

  private func single(_ text: String) throws -> Group {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let kind = try kind(parts[0])
    let slashes = parts.count == 2 ? parts[1].count { $0 == "/" } : 0
    guard parts.count == 2, !parts[1].isEmpty, slashes <= (kind.isNamespaced ? 1 : 0) else {
      throw ValidationError("'\(text)' is not KIND/\(kind.isNamespaced ? "[NAMESPACE/]" : "")NAME")
    }
    return Group(kind: kind, names: [String(parts[1])])
  }

  private func kind(_ text: some StringProtocol) throws -> any ShownKind.Type {
    guard let kind = KindName.kind(text) else {
      throw ValidationError("there is no kind '\(text)': \(KindName.help)")
    }
    return kind
  }
}
