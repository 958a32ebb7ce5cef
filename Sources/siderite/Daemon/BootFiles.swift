import BareMetal
import BootServices
import FoundationEssentials
import LinuxSystem

/// The files that machines fetch, found once at start: names to files, so that no request ever makes a path.
struct BootFiles {
  /// Everything HTTP serves.
  private(set) var assets: [AssetName: Asset] = [:]
  /// Boot programs, for TFTP: read once, shared by all transfers.
  private(set) var contents: [String: TFTPContent] = [:]
  /// What an operator should know.
  private(set) var warnings: [String] = []

  /// The names of the boot programs.
  var programs: Set<String> { Set(contents.keys) }

  /// A boot program is a few hundred kilobytes; what is larger in that directory (ISO and disk images) is not one.
  private static let largestProgram: Int64 = 4 << 20
  /// File name endings of what firmware loads.
  private static let programSuffixes = [".efi", ".kpxe", ".kkpxe", ".kkkpxe", ".pxe"]

  init(_ configuration: Configuration) {
    addPrograms(in: configuration.bootFiles)
    if contents.isEmpty {
      warnings.append(
        "no boot program in \(configuration.bootFiles): 'apt-get install ipxe', or set bootFiles; until then only "
          + "machines with iPXE in their firmware boot")
    }
    for architecture in ["amd64", "arm64"] {
      let directory = "\(configuration.agent.directory)/\(architecture)"
      for file in EnvironmentFile.allCases {
        guard let asset = Self.asset(at: "\(directory)/\(file.rawValue)") else {
          if architecture == "amd64" {
            warnings.append(
              "the discovery agent's \(directory)/\(file.rawValue) is missing: machines cannot be discovered; "
                + "'tools/build-agent' makes it")
          }
          continue
        }
        assets[.environment("agent-\(architecture)", file)] = asset
      }
    }
  }

  private mutating func addPrograms(in directory: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    for name in names.sorted() where Self.programSuffixes.contains(where: { name.hasSuffix($0) }) {
      let path = "\(directory)/\(name)"
      guard let asset = Self.asset(at: path), asset.size <= Self.largestProgram else { continue }
      do {
        guard let content = try TFTPContent.file(at: path) else { continue }
        contents[name] = content
        assets[.program(name)] = asset
      } catch {
        warnings.append("boot program left out: \(error)")
      }
    }
  }

  /// The regular file at `path`, symbolic links followed; `nil` where there is none.
  private static func asset(at path: String) -> Asset? {
    let target = URL(filePath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
      attributes[.type] as? FileAttributeType == .typeRegular,
      let size = (attributes[.size] as? UInt64) ?? (attributes[.size] as? Int).map({ UInt64($0) })
    else { return nil }
    return Asset(path: target, size: Int64(clamping: size))
  }
}
