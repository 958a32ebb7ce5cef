import Synchronization

/// What clients fetch by name. A name is looked up in a map, never made a path of.
public enum AssetName: Hashable, Sendable {
  /// A boot program, by the file name that clients ask for: `snponly.efi`, `rpi/start4.elf`.
  case program(String)
  /// A file of the Environment of that name, for one architecture.
  ///
  /// ``defaultArchitecture`` stands at the top of the Environment, as Sidero has it. The discovery agent's Environments
  /// carry the architecture in their own names (`agent-arm64`), so their files stand at the top as well.
  case environment(String, EnvironmentFile, architecture: String = AssetName.defaultArchitecture)

  /// Sidero's Environments are for this one; others are told apart.
  public static let defaultArchitecture = "amd64"
}

/// The two files an Environment is made of, by the names they are served under.
public enum EnvironmentFile: String, Hashable, Sendable, CaseIterable {
  case kernel = "vmlinuz"
  case initramfs = "initramfs.xz"
}

extension AssetName: CustomStringConvertible {
  /// What a client asks for below `/tftp/` or `/env/`: `snponly.efi`, `default/vmlinuz`, `default/arm64/vmlinuz`.
  public var description: String {
    switch self {
    case .program(let name): name
    case .environment(let name, let file, Self.defaultArchitecture): "\(name)/\(file.rawValue)"
    case .environment(let name, let file, let architecture): "\(name)/\(architecture)/\(file.rawValue)"
    }
  }
}

/// Where an asset's bytes are.
public struct Asset: Hashable, Sendable {
  /// A regular file on this host.
  public var path: String
  /// Its size in bytes when it was found. A file of another size is not served: somebody is changing it.
  public var size: Int64

  public init(path: String, size: Int64) {
    self.path = path
    self.size = size
  }
}

/// What there is to serve.
public protocol AssetStore: Sendable {
  /// The asset of that name, or `nil`. Never blocks.
  func asset(_ name: AssetName) -> Asset?
}

/// A table of assets that can be replaced while it is read: as a whole, or an Environment at a time.
public final class AssetTable: AssetStore {
  private struct State {
    /// What this host has for itself: boot programs and the agent. No Environment can take its place.
    var own: [AssetName: Asset]
    var environments: [String: [AssetName: Asset]] = [:]
  }

  private let state: Mutex<State>

  public init(_ assets: [AssetName: Asset] = [:]) { state = Mutex(State(own: assets)) }

  public func asset(_ name: AssetName) -> Asset? {
    state.withLock { state in
      if let asset = state.own[name] { return asset }
      guard case .environment(let environment, _, _) = name else { return nil }
      return state.environments[environment]?[name]
    }
  }

  /// From now on there is this and nothing else.
  public func replace(with new: [AssetName: Asset]) { state.withLock { $0 = State(own: new) } }

  /// From now on the Environment of that name has these files and no others: all at once, so that no machine gets the
  /// kernel of one version with the initramfs of another.
  public func serve(_ files: [AssetName: Asset], ofEnvironment name: String) {
    state.withLock { $0.environments[name] = files.isEmpty ? nil : files }
  }
}
