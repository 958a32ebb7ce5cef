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

  private static func key(of argument: String) -> String {
    String(argument.prefix { $0 != "=" })
  }
}
