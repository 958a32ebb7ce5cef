/// One file that an Environment's spec asks for.
public struct EnvironmentSource: Hashable, Sendable {
  /// The name it is served under.
  public var name: AssetName
  /// `amd64`, `arm64`
  public var architecture: String
  public var file: EnvironmentFile
  public var source: AssetSource
  /// Where it stands: `spec.kernel`, `spec.architectures.arm64.initrd`.
  public var path: String

  /// The key in ``EnvironmentStatus/served``.
  public var servedPath: String { place.path }
}

extension EnvironmentSpec {
  /// Kernel and initramfs of an architecture; `nil` when the Environment does not know it.
  public func files(for architecture: String) -> EnvironmentFiles? {
    guard architecture == AssetName.defaultArchitecture else { return architectures?[architecture] }
    return kernel == nil && initrd == nil ? nil : EnvironmentFiles(kernel: kernel, initrd: initrd)
  }
}

extension Resource<EnvironmentKind> {
  /// Every file with a URL, amd64's first, then by architecture; a kernel before its initramfs.
  public var sources: [EnvironmentSource] {
    let others = (spec.architectures ?? [:]).keys.filter { $0 != AssetName.defaultArchitecture }.sorted()
    return ([AssetName.defaultArchitecture] + others).flatMap { sources(for: $0) }
  }

  /// The files of one architecture that have a URL.
  public func sources(for architecture: String) -> [EnvironmentSource] {
    guard let files = spec.files(for: architecture) else { return [] }
    let top = architecture == AssetName.defaultArchitecture ? "spec" : "spec.architectures.\(architecture)"
    let kernel = files.kernel.map { AssetSource(url: $0.url, sha512: $0.sha512) }
    return [(EnvironmentFile.kernel, kernel, "kernel"), (.initramfs, files.initrd, "initrd")].compactMap {
      file, source, field in
      guard let source = source?.normalized, source.url != nil else { return nil }
      return EnvironmentSource(
        name: .environment(metadata.name, file, architecture: architecture), architecture: architecture, file: file,
        source: source, path: "\(top).\(field)")
    }
  }

  /// The kernel's arguments for an architecture, as the spec has them.
  public func kernelArguments(for architecture: String) -> [String] {
    spec.files(for: architecture)?.kernel?.args ?? []
  }
}

extension AssetSource {
  /// Empty is absent, and digests are lower case: two of a meaning are equal.
  public var normalized: AssetSource {
    AssetSource(
      url: url.flatMap { $0.isEmpty ? nil : $0 }, sha512: sha512.flatMap { $0.isEmpty ? nil : $0.lowercased() })
  }
}
