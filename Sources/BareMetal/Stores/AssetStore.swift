import Synchronization

/// What clients fetch by name. A name is looked up in a map, never made a path of.
public enum AssetName: Hashable, Sendable {
  /// A boot program, by the file name that clients ask for: `snponly.efi`, `rpi/start4.elf`.
  case program(String)
  /// A file of the Environment of that name.
  case environment(String, EnvironmentFile)
}

/// The two files an Environment is made of, by the names they are served under.
public enum EnvironmentFile: String, Hashable, Sendable, CaseIterable {
  case kernel = "vmlinuz"
  case initramfs = "initramfs.xz"
}

extension AssetName: CustomStringConvertible {
  /// `snponly.efi`, `agent-amd64/vmlinuz`
  public var description: String {
    switch self {
    case .program(let name): name
    case .environment(let name, let file): "\(name)/\(file.rawValue)"
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

/// A table of assets that can be replaced as a whole, while it is read.
public final class AssetTable: AssetStore {
  private let assets: Mutex<[AssetName: Asset]>

  public init(_ assets: [AssetName: Asset] = [:]) { self.assets = Mutex(assets) }

  public func asset(_ name: AssetName) -> Asset? { assets.withLock { $0[name] } }

  /// From now on there is this and nothing else.
  public func replace(with new: [AssetName: Asset]) { assets.withLock { $0 = new } }
}
