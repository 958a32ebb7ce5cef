import BareMetal
import Wire

extension EnvironmentKind: ShownKind {
  static let names = ["environment", "environments", "env", "envs"]
  static let emptyHint = "no environments yet: 'siderite apply -f' makes them"

  /// Sidero's columns, and what keeps it from being ready.
  static func columns(wide: Bool) -> [String] {
    ["NAME", "KERNEL", "INITRD", "READY"] + (wide ? ["ARCHITECTURES"] : []) + ["AGE", "MESSAGE"]
  }

  static func cells(of environment: Environment, wide: Bool, now: Timestamp) -> [String] {
    var cells = [
      environment.metadata.name, environment.spec.kernel?.url ?? "", environment.spec.initrd?.url ?? "",
      "\(environment.isReady)",
    ]
    if wide {
      let names = Set(environment.sources.map(\.architecture))
      cells.append(names.sorted().joined(separator: ","))
    }
    return (cells + [age(of: environment, now: now), progress(of: environment)]).map { PlainText.line($0) }
  }

  /// `vmlinuz: 45 % of 12 MB; initramfs.xz: waits`; nothing where all is there.
  private static func progress(of environment: Environment) -> String {
    environment.sources.compactMap { source in
      let condition = environment.status.condition(of: source.source)
      guard condition?.status != .true else { return nil }
      return "\(source.servedPath): \(condition?.message ?? condition?.reason ?? "not looked at yet")"
    }.joined(separator: "; ")
  }

  static func description(of environment: Environment, from client: AdminClient) async throws -> String {
    var text = DescriptionText(environment)
    text.add("Ready", "\(environment.isReady)")
    for source in environment.sources {
      text.section(source.servedPath)
      text.add("URL", source.source.url)
      text.add("SHA-512", source.source.sha512 ?? "not given: whatever comes is taken")
      let condition = environment.status.condition(of: source.source)
      text.add("Ready", condition?.status.rawValue ?? "not looked at yet")
      text.add("Since", condition?.lastTransitionTime?.description)
      text.add("Reason", condition?.reason)
      text.add("Message", condition?.message.map { PlainText.line($0) })
      text.add("Bytes", condition?.bytes.map { "\($0)" })
      text.add("Is", condition?.digest)
    }
    for architecture in Set(environment.sources.map(\.architecture)).sorted() {
      let arguments = environment.kernelArguments(for: architecture)
      guard !arguments.isEmpty else { continue }
      text.section("Kernel arguments, \(architecture)")
      arguments.forEach { text.item(PlainText.line($0)) }
    }
    return text.text
  }
}
