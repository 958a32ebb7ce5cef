import BareMetal
import DHCP
import Wire

extension DHCPv6BootClient {
  /// The client as the boot planner sees it; `nil` for an architecture that nothing is booted on. BIOS knows no IPv6, but
  /// an iPXE on it does.
  var bootRequest: BootRequest? {
    guard let bootArchitecture = architecture.bootArchitecture else { return nil }
    // Firmware that names iPXE must never be given iPXE again, so that comes first.
    let stage: BootRequest.Stage = isIPXE ? .ipxe : isHTTP ? .firmwareHTTP : .firmwareTFTP
    return BootRequest(stage: stage, architecture: bootArchitecture, mac: mac, uuid: uuid)
  }

  /// What it is, for people: `UEFI x86-64 PXE over IPv6`.
  var summary: String {
    "\(architecture.systemName) \(isIPXE ? "iPXE" : isHTTP ? "HTTP boot" : "PXE") over IPv6"
  }
}

extension BootPlan {
  /// The plan in DHCPv6's words: always a URL (RFC 5970 §3.1), with the address as a literal in brackets.
  /// - Parameter address: where it is to be fetched from.
  func reply(to request: BootRequest, from address: IPv6Address, httpPort: UInt16) -> DHCPv6BootReply {
    let host = IPAddress.v6(address).urlHost
    return switch action {
    case .silence, .agent, .environment, .disk: .none
    case .program(let name) where request.stage == .firmwareHTTP:
      DHCPv6BootReply(url: "http://\(host):\(httpPort)/tftp/\(name)")
    case .program(let name): DHCPv6BootReply(url: "tftp://\(host)/\(name)")
    case .script: DHCPv6BootReply(url: "http://\(host):\(httpPort)/boot.ipxe")
    }
  }
}
