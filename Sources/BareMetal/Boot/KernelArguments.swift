public import Wire

/// The kernel command lines we write.
public enum KernelArguments {
  /// The discovery agent's: consoles, what iPXE's initrd is called under UEFI, where to report.
  ///
  /// `overrides` replaces arguments of the same key and adds the others (`--extra-agent-kernel-args`).
  public static func agent(mac: MACAddress?, endpoint: String, overrides: [String] = []) -> [String] {
    var arguments = ["console=tty0", "console=ttyS0", "initrd=initramfs.xz", "panic=30"]
    let replaced = Set(overrides.map { key(of: $0) })
    arguments = arguments.filter { !replaced.contains(key(of: $0)) }
    if let mac { arguments.append("sidero.mac=\(mac)") }
    arguments.append("sidero.endpoint=\(endpoint)")
    return arguments + overrides
  }

  /// An Environment's: its own, then ours where it has none of that key.
  ///
  /// The machine's UUID is written out, where Sidero leaves `uuid=` for Talos to fill: Talos fills only what is empty, and
  /// what else may run there need not know how.
  /// - Parameters:
  ///   - own: the Environment's arguments, in their order.
  ///   - token: shows who fetches the configuration; `nil` where anybody may.
  public static func environment(
    own: [String], endpoint: String, uuid: SystemUUID, token: String?, sideroLink: SideroLinkEndpoint? = nil
  ) -> [String] {
    let keys = Set(own.map { key(of: $0) })
    var ours = [
      // What iPXE's initrd is called, for the kernel's UEFI stub.
      "initrd=initramfs.xz",
      "talos.config=http://\(endpoint)/configdata?uuid=\(uuid)\(token.map { "&token=\($0)" } ?? "")",
    ]
    if let sideroLink {
      ours.append("siderolink.api=\(sideroLink.api)")
      if let server = sideroLink.server {
        ours.append("talos.logging.kernel=tcp://[\(server)]:4001")
        ours.append("talos.events.sink=[\(server)]:4002")
      }
    }
    return own + ours.filter { !keys.contains(key(of: $0)) }
  }

  private static func key(of argument: String) -> String {
    String(argument.prefix { $0 != "=" })
  }
}

/// Where machines reach SideroLink.
public struct SideroLinkEndpoint: Hashable, Sendable {
  /// `host:port` of the provision API.
  public var api: String
  /// Our IPv6 address inside the tunnel; `nil` while it is not known.
  public var server: String?

  public init(api: String, server: String? = nil) {
    self.api = api
    self.server = server
  }
}
