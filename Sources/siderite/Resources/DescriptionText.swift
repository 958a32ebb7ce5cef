import BareMetal
import Wire

/// A resource for people, as `kubectl describe` lays things out: the values of a section in one column.
struct DescriptionText {
  private var lines: [String] = []
  private var indent = ""

  init() {}

  /// Begins with what every resource has.
  init<Kind: ResourceKind>(_ resource: Resource<Kind>) {
    let metadata = resource.metadata
    add("Namespace", metadata.namespace)
    add("Name", metadata.name)
    add("Created", metadata.creationTimestamp?.description)
    add(
      "Deleted",
      metadata.deletionTimestamp.map { "\($0), waits for \(metadata.finalizers?.joined(separator: ", ") ?? "")" })
    add("Labels", metadata.labels.map(Self.pairs))
    add("Annotations", metadata.annotations.map { Self.pairs($0.filter { !$0.key.hasPrefix("kubectl.") }) })
  }

  var text: String { lines.map { $0 + "\n" }.joined() }

  mutating func section(_ title: String) {
    lines.append(title)
    indent = "  "
  }

  /// Nothing where there is no value.
  mutating func add(_ name: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    let label = "\(indent)\(name):"
    lines.append(label + String(repeating: " ", count: max(1, 16 - label.count)) + value)
  }

  mutating func item(_ parts: [String?]) {
    item(parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", "))
  }

  mutating func item(_ text: String) { lines.append("  - \(text)") }

  mutating func conditions(_ conditions: [Condition]?) {
    guard let conditions, !conditions.isEmpty else { return }
    section("Conditions")
    for condition in conditions {
      let reason = [condition.reason, condition.message].compactMap(\.self).joined(separator: ": ")
      let since = "since \(condition.lastTransitionTime)"
      item(["\(condition.type) \(condition.status.rawValue)", since, PlainText.line(reason)])
    }
  }

  /// A part of the resource as it is written.
  mutating func yaml(_ title: String, _ value: some Encodable) throws {
    section(title)
    for line in try OutputFormat.render(value, as: .yaml).split(separator: "\n") { lines.append("  \(line)") }
  }

  /// `rack=3, role=worker`
  private static func pairs(_ values: [String: String]) -> String {
    values.sorted { $0.key < $1.key }.map { "\($0.key)=\(PlainText.line($0.value))" }.joined(separator: ", ")
  }
}
