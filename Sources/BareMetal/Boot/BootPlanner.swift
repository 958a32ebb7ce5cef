public import Wire

/// What a machine's firmware can run.
public enum BootArchitecture: String, Hashable, Sendable, CaseIterable {
  case bios
  case uefiIA32
  case uefiX64
  case uefiARM32
  case uefiARM64

  /// The part of an Environment's name: the kernels we serve are amd64 or arm64.
  public var environmentSuffix: String {
    switch self {
    case .bios, .uefiIA32, .uefiX64: "amd64"
    case .uefiARM32, .uefiARM64: "arm64"
    }
  }
}

/// A machine at one step of its boot, asking what comes next.
public struct BootRequest: Hashable, Sendable {
  /// Who is asking: how far the machine has got.
  public enum Stage: Hashable, Sendable {
    /// Firmware that fetches a boot program by TFTP.
    case firmwareTFTP
    /// Firmware that fetches a boot program by HTTP (UEFI HTTP boot).
    case firmwareHTTP
    /// iPXE in its DHCP exchange, asking for a script.
    case ipxe
    /// iPXE running our script, asking what to boot.
    case script
  }

  public var stage: Stage
  public var architecture: BootArchitecture
  public var mac: MACAddress?
  public var uuid: SystemUUID?

  public init(stage: Stage, architecture: BootArchitecture, mac: MACAddress? = nil, uuid: SystemUUID? = nil) {
    self.stage = stage
    self.architecture = architecture
    self.mac = mac
    self.uuid = uuid
  }
}

/// What a machine boots next, and why.
public struct BootPlan: Hashable, Sendable {
  public enum Action: Hashable, Sendable {
    /// No answer: another server may have one.
    case silence
    /// The boot program of that file name.
    case program(String)
    /// The first iPXE script, `/boot.ipxe`.
    case script
    /// Kernel and initramfs of the Environment of that name.
    case environment(String)
  }

  public var action: Action
  /// One line for people: which rule decided.
  public var reason: String

  public init(action: Action, reason: String) {
    self.action = action
    self.reason = reason
  }
}

/// The only place that says what a machine boots. DHCP, TFTP and HTTP all ask it, so they cannot disagree.
public struct BootPlanner: Hashable, Sendable {
  /// File names of the boot programs that are there, by architecture.
  public var programs: [BootArchitecture: String]

  public init(programs: [BootArchitecture: String]) { self.programs = programs }

  /// The names that distributions and Sidero use, in order of preference. `snponly` uses the firmware's own network
  /// driver for the card it booted from, which works on cards iPXE has no driver for.
  public static let programNames: [BootArchitecture: [String]] = [
    .bios: ["undionly.kpxe"],
    .uefiX64: ["snponly.efi", "snp.efi", "ipxe.efi"],
    .uefiIA32: ["snponly-ia32.efi", "ipxe-ia32.efi"],
    .uefiARM32: ["snponly-arm32.efi", "ipxe-arm32.efi"],
    .uefiARM64: ["snponly-arm64.efi", "snp-arm64.efi", "ipxe-arm64.efi"],
  ]

  /// Chooses, for each architecture, the first of ``programNames`` that is among `files`.
  public init(files: Set<String>) {
    self.init(programs: Self.programNames.compactMapValues { names in names.first { files.contains($0) } })
  }

  /// Decides. `server` is the stored Server of the request's UUID, if there is one.
  public func plan(_ request: BootRequest, server: Server?) -> BootPlan {
    switch request.stage {
    case .firmwareTFTP, .firmwareHTTP:
      guard let program = programs[request.architecture] else {
        return BootPlan(
          action: .silence, reason: "no boot program for \(request.architecture.rawValue) is installed")
      }
      return BootPlan(action: .program(program), reason: "firmware is \(request.architecture.rawValue)")
    case .ipxe:
      return BootPlan(action: .script, reason: "the client is iPXE")
    case .script:
      let environment = "agent-\(request.architecture.environmentSuffix)"
      return BootPlan(
        action: .environment(environment),
        reason: server == nil ? "no Server of this UUID is known" : "the Server is not allocated")
    }
  }
}
