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

  /// For people: `UEFI x86-64`.
  public var systemName: String {
    switch self {
    case .bios: "BIOS"
    case .uefiIA32: "UEFI ia32"
    case .uefiX64: "UEFI x86-64"
    case .uefiARM32: "UEFI arm32"
    case .uefiARM64: "UEFI arm64"
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
    /// The discovery agent's kernel and initramfs, served under the name of an Environment: `agent-amd64`.
    case agent(String)
    /// Kernel and initramfs of the Environment of that name.
    case environment(String)
    /// What is on its disk; how it leaves iPXE for that.
    case disk(BootFromDiskMethod)
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
  /// How a machine leaves iPXE for its disk when neither its Server nor its class says.
  public var bootFromDiskMethod: BootFromDiskMethod

  public init(programs: [BootArchitecture: String], bootFromDiskMethod: BootFromDiskMethod = .ipxeExit) {
    self.programs = programs
    self.bootFromDiskMethod = bootFromDiskMethod
  }

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

  /// Decides.
  ///
  /// - Parameter context: what the store has of the request's UUID. Only a running script is answered by it: whatever a
  ///   machine is to boot, it gets there by iPXE.
  public func plan(_ request: BootRequest, context: BootContext) -> BootPlan {
    switch request.stage {
    case .firmwareTFTP, .firmwareHTTP:
      guard let program = programs[request.architecture] else {
        return BootPlan(action: .silence, reason: Self.missingProgram(for: request.architecture))
      }
      return BootPlan(action: .program(program), reason: "firmware is \(request.architecture.rawValue)")
    case .ipxe:
      return BootPlan(action: .script, reason: "the client is iPXE")
    case .script:
      if let reason = context.reasonForAgent {
        return BootPlan(action: .agent("agent-\(request.architecture.environmentSuffix)"), reason: reason)
      }
      if let reason = context.reasonForDisk {
        return BootPlan(action: .disk(diskMethod(context)), reason: reason)
      }
      return environment(context)
    }
  }

  /// Says what is missing, and what a person can do.
  private static func missingProgram(for architecture: BootArchitecture) -> String {
    let names = programNames[architecture, default: []].joined(separator: " or ")
    return "no boot program for \(architecture.systemName) is installed: "
      + "put \(names) into the directory bootFiles, and restart siderite"
  }

  /// The Server's word, then its class's, then ours.
  private func diskMethod(_ context: BootContext) -> BootFromDiskMethod {
    context.server?.spec.bootFromDiskMethod ?? context.serverClass?.spec.bootFromDiskMethod ?? bootFromDiskMethod
  }

  private func environment(_ context: BootContext) -> BootPlan {
    if let name = context.server?.spec.environmentRef?.name {
      return BootPlan(action: .environment(name), reason: "its Server names it")
    }
    if let serverClass = context.serverClass, let name = serverClass.spec.environmentRef?.name {
      return BootPlan(action: .environment(name), reason: "its ServerClass \(serverClass.metadata.name) names it")
    }
    return BootPlan(
      action: .environment(Self.defaultEnvironment), reason: "neither its Server nor its ServerClass names another")
  }

  /// What is booted when nothing else is said.
  public static let defaultEnvironment = "default"
}

extension BootContext {
  /// Why the machine boots nothing but the agent; `nil` when it is allocated for good.
  ///
  /// The first three are the promise that nothing is written to a machine nobody accepted, so they come first, whatever
  /// references the Server.
  fileprivate var reasonForAgent: String? {
    guard let server else { return "no Server of this UUID is known" }
    let allocated = binding == nil ? "" : ", although it is allocated"
    guard server.spec.accepted else { return "the Server is not accepted\(allocated)" }
    if let quarantine = server.status.conditions?.first(where: { $0.type == "Quarantined" && $0.status == .true }) {
      return "the Server is quarantined\(quarantine.reason.map { " (\($0))" } ?? "")\(allocated)"
    }
    if let wipe = server.status.wipe, wipe.isOpen { return "its disks are to be wiped (\(wipe.reason.rawValue))" }
    guard let binding else { return "the Server is not allocated" }
    guard binding.metadata.deletionTimestamp == nil else { return "the Server is being released" }
    return nil
  }

  /// Why it boots from its disk; `nil` when it does not.
  ///
  /// The binding's own word counts too: a machine that reboots faster than the Server's reconciler learns of its
  /// installation would be installed again.
  fileprivate var reasonForDisk: String? {
    guard let server, server.spec.pxeBootAlways != true else { return nil }
    if server.status.conditions.hasTrue("PXEBooted") { return "it has booted its Environment" }
    if binding?.isInstalled == true { return "it is installed" }
    return nil
  }
}

extension Optional<[Condition]> {
  fileprivate func hasTrue(_ type: String) -> Bool {
    self?.contains { $0.type == type && $0.status == .true } ?? false
  }
}
