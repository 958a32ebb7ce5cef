public import Wire

/// What allocated machines boot: a kernel, an initramfs and the kernel's arguments. `metal.sidero.dev/v1alpha2`.
public typealias Environment = Resource<EnvironmentKind>

/// The kind `Environment`.
public enum EnvironmentKind: ResourceKind {
  public typealias Spec = EnvironmentSpec
  public typealias Status = EnvironmentStatus
  public static let apiVersion = "metal.sidero.dev/v1alpha2"
  public static let kind = "Environment"
  public static let plural = "environments"
}

/// Where the files come from.
public struct EnvironmentSpec: Codable, Hashable, Sendable {
  /// For amd64, as Sidero has it.
  public var kernel: KernelSource?
  public var initrd: AssetSource?
  /// For other architectures, by their names (`arm64`): an addition of Siderite's.
  public var architectures: [String: EnvironmentFiles]?

  public init(
    kernel: KernelSource? = nil, initrd: AssetSource? = nil, architectures: [String: EnvironmentFiles]? = nil
  ) {
    self.kernel = kernel
    self.initrd = initrd
    self.architectures = architectures
  }
}

/// Kernel and initramfs for one architecture.
public struct EnvironmentFiles: Codable, Hashable, Sendable {
  public var kernel: KernelSource?
  public var initrd: AssetSource?

  public init(kernel: KernelSource? = nil, initrd: AssetSource? = nil) {
    self.kernel = kernel
    self.initrd = initrd
  }
}

/// A file to be fetched.
public struct AssetSource: Codable, Hashable, Sendable {
  /// `http:`, `https:` or `file:`.
  public var url: String?
  /// 128 hexadecimal digits; empty or absent: whatever comes is taken, and said so.
  public var sha512: String?

  public init(url: String? = nil, sha512: String? = nil) {
    self.url = url
    self.sha512 = sha512
  }
}

/// A kernel to be fetched, and what it is told.
public struct KernelSource: Codable, Hashable, Sendable {
  /// `http:`, `https:` or `file:`.
  public var url: String?
  /// 128 hexadecimal digits; empty or absent: whatever comes is taken, and said so.
  public var sha512: String?
  /// The kernel's arguments, an item each.
  public var args: [String]?

  public init(url: String? = nil, sha512: String? = nil, args: [String]? = nil) {
    self.url = url
    self.sha512 = sha512
    self.args = args
  }
}

/// How far the files are there.
public struct EnvironmentStatus: ResourceStatus {
  /// One for every file of the spec.
  public var conditions: [AssetCondition]?
  /// What is served, by the path below `/env/<name>/` (`vmlinuz`, `arm64/initramfs.xz`): an addition of Siderite's. It
  /// may be older than the spec: until everything that an architecture needs is there, what was served before stays.
  public var served: [String: ServedAsset]?

  public init() {}
}

/// One file of an Environment as machines get it.
public struct ServedAsset: Codable, Hashable, Sendable {
  /// Where it came from.
  public var url: String?
  /// SHA-512, 128 hexadecimal digits: as it was computed here. The file's place in the cache.
  public var digest: String
  /// How large it is.
  public var bytes: Int64

  public init(url: String?, digest: String, bytes: Int64) {
    self.url = url
    self.digest = digest
    self.bytes = bytes
  }
}

/// Whether one file is there and is what it should be. The first four fields are Sidero's.
public struct AssetCondition: Codable, Hashable, Sendable {
  /// Where the file comes from, as the spec has it.
  public var url: String?
  /// As the spec asks for.
  public var sha512: String?
  public var status: Condition.Status
  /// `Ready`
  public var type: String
  /// When the status became what it is.
  public var lastTransitionTime: Timestamp?
  /// One word for programs: `Fetching`, `DigestMismatch`, `NoSpace`, ….
  public var reason: String?
  /// One sentence for people.
  public var message: String?
  /// Of what is served.
  public var bytes: Int64?
  /// Of what is served, as it was computed here.
  public var digest: String?

  public init(
    url: String? = nil, sha512: String? = nil, status: Condition.Status, type: String = "Ready",
    lastTransitionTime: Timestamp? = nil, reason: String? = nil, message: String? = nil
  ) {
    self.url = url
    self.sha512 = sha512
    self.status = status
    self.type = type
    self.lastTransitionTime = lastTransitionTime
    self.reason = reason
    self.message = message
  }
}
