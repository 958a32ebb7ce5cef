extension Resource<EnvironmentKind> {
  /// The Talos release that the default Environment boots. It is what a new installation begins with; the Environment is
  /// never overwritten afterwards, so an upgrade of Siderite changes no cluster.
  public static var talosRelease: String { "v1.13.0" }

  /// The default Environment: Talos from its release page, Sidero's arguments; arm64 is an addition of Siderite's.
  ///
  /// Without digests: the release page has none of SHA-512 for these files. What comes is taken, and the condition says
  /// so.
  public static func standard() -> Environment {
    let release = "https://github.com/siderolabs/talos/releases/download/\(talosRelease)"
    func kernel(_ architecture: String, _ arguments: [String]) -> KernelSource {
      KernelSource(url: "\(release)/vmlinuz-\(architecture)", args: (talosArguments + arguments).sorted())
    }
    func initrd(_ architecture: String) -> AssetSource {
      AssetSource(url: "\(release)/initramfs-\(architecture).xz")
    }
    let common = ["console=tty0", "initrd=\(EnvironmentFile.initramfs.rawValue)", "talos.platform=metal"]
    return Environment(
      metadata: ObjectMeta(name: BootPlanner.defaultEnvironment),
      spec: EnvironmentSpec(
        kernel: kernel("amd64", common + ["console=ttyS0", "earlyprintk=ttyS0"]), initrd: initrd("amd64"),
        // The serial port of arm64 servers (SBSA) is a PL011; earlyprintk is a word of x86.
        architectures: [
          "arm64": EnvironmentFiles(kernel: kernel("arm64", common + ["console=ttyAMA0"]), initrd: initrd("arm64"))
        ]))
  }

  /// What Talos 1.13 wants on every kernel command line (the defaults of its own images).
  private static var talosArguments: [String] {
    [
      "init_on_alloc=1", "slab_nomerge=", "pti=on", "consoleblank=0", "nvme_core.io_timeout=4294967295",
      "printk.devkmsg=on", "selinux=1", "module.sig_enforce=1", "proc_mem.force_override=never",
    ]
  }
}
