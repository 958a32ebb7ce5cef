import BareMetal
import Synchronization

/// Machine configurations that were made lately, each with all that it was made of: what changed in the meantime makes
/// another.
final class PatchedConfigs: Sendable {
  /// Configurations kept, of some kilobytes each.
  private static let maximum = 2048

  /// Everything of the input that the patcher looks at.
  private struct Source: Equatable {
    var base: String
    var configPatches: [ConfigPatch]?
    var strategicPatches: [String]?
    var serverClass: String?
    var classConfigPatches: [ConfigPatch]?
    var classStrategicPatches: [String]?
    var sideroLink: SideroLinkEndpoint?

    init(_ input: MachineConfigInput) {
      base = input.base
      configPatches = input.server.spec.configPatches
      strategicPatches = input.server.spec.strategicPatches
      serverClass = input.serverClass?.metadata.name
      classConfigPatches = input.serverClass?.spec.configPatches
      classStrategicPatches = input.serverClass?.spec.strategicPatches
      sideroLink = input.sideroLink
    }
  }

  /// By the Server's name.
  private let made = Mutex<[String: (source: Source, config: PatchedMachineConfig)]>([:])

  /// The input, patched now or lately.
  func config(
    of input: MachineConfigInput, _ patcher: MachineConfigPatcher
  ) throws(MachineConfigError) -> PatchedMachineConfig {
    let (name, source) = (input.server.metadata.name, Source(input))
    if let known = made.withLock({ $0[name] }), known.source == source { return known.config }
    let config = try patcher.patch(input)
    made.withLock { made in
      if made.count >= Self.maximum, made[name] == nil, let other = made.keys.first { made[other] = nil }
      made[name] = (source, config)
    }
    return config
  }
}
