import BareMetal
import DHCP
import Wire

extension PXEClient {
  /// The client as the boot planner sees it; `nil` for an architecture that nothing is booted on.
  var bootRequest: BootRequest? {
    guard let bootArchitecture else { return nil }
    // Firmware that names iPXE must never be given iPXE again, so that comes first.
    let stage: BootRequest.Stage = isIPXE ? .ipxe : transport == .http ? .firmwareHTTP : .firmwareTFTP
    return BootRequest(stage: stage, architecture: bootArchitecture, mac: mac, uuid: uuid)
  }

  private var bootArchitecture: BootArchitecture? { architecture.bootArchitecture }

  /// What it is, for people: `UEFI x86-64 PXE`.
  var summary: String { "\(architecture.systemName) \(isIPXE ? "iPXE" : transport == .http ? "HTTP boot" : "PXE")" }
}

extension ClientArchitecture {
  /// As the boot planner sees it; `nil` for one that nothing is booted on.
  var bootArchitecture: BootArchitecture? {
    switch (firmware, processor) {
    case (.bios, _): .bios
    case (.uefi, .x86): .uefiIA32
    case (.uefi, .x64): .uefiX64
    case (.uefi, .arm32): .uefiARM32
    case (.uefi, .arm64): .uefiARM64
    case (.uefi, nil): nil
    }
  }

  /// For people: `UEFI x86-64`.
  var systemName: String { bootArchitecture?.systemName ?? "architecture \(self)" }
}

extension BootPlan {
  /// The plan in DHCP's words.
  /// - Parameter address: where it is to be fetched from.
  func reply(to request: BootRequest, from address: IPv4Address, httpPort: UInt16) -> DHCPBootReply {
    func url(_ path: String) -> DHCPBootReply { .url("http://\(address):\(httpPort)\(path)") }
    return switch action {
    case .silence, .agent, .environment, .disk: .none
    case .program(let name) where request.stage == .firmwareHTTP: url("/tftp/\(name)")
    case .program(let name): .file(server: address, name: name)
    case .script: url("/boot.ipxe")
    }
  }
}

extension DHCPBootReply {
  /// What is booted, for people; `nil` for nothing.
  var summary: String? {
    switch self {
    case .none: nil
    case .file(_, let name): name
    case .url(let url): url
    }
  }
}
