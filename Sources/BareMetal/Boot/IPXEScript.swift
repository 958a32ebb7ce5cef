/// The iPXE scripts we serve, for iPXE builds from 2019 on (no command that such a build lacks).
public enum IPXEScript {
  /// `/boot.ipxe`: says who the machine is and asks what to boot. URLs are relative, so the script works whichever of
  /// our addresses it was fetched from.
  public static let first = """
    #!ipxe
    echo Siderite: ${manufacturer} ${product}, ${uuid}
    chain --replace /ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain}&hostname=${hostname}&serial=${serial:uristring}&arch=${buildarch}&platform=${platform}&script=first || goto failed
    :failed
    echo Siderite: no answer to what this machine should boot: see 'siderite boots' on the boot host
    sleep 10
    reboot

    """

  /// Loads an Environment's files for an architecture and starts it.
  public static func environment(
    _ name: String, architecture: String = AssetName.defaultArchitecture, hasInitramfs: Bool = true, arguments: [String]
  ) -> String {
    let kernel = AssetName.environment(name, .kernel, architecture: architecture)
    let initramfs = AssetName.environment(name, .initramfs, architecture: architecture)
    return """
      #!ipxe
      kernel /env/\(kernel) \(arguments.joined(separator: " ")) || goto failed
      \(hasInitramfs ? "initrd /env/\(initramfs) || goto failed\n" : "")boot
      :failed
      echo Siderite: could not load Environment \(name): see 'siderite boots' on the boot host
      sleep 10
      reboot

      """
  }

  /// Leaves iPXE, so that the firmware goes on to the disk.
  ///
  /// - UEFI takes a program that ends well for one that has booted something, and opens its boot manager: it goes on to
  ///   the next entry of its boot order only after an error.
  /// - A BIOS goes on to its next device whenever PXE returns to it.
  /// - Returns: `nil` for ``BootFromDiskMethod/http404``, which is no script.
  public static func disk(_ method: BootFromDiskMethod, isUEFI: Bool) -> String? {
    switch method {
    case .http404: nil
    case .ipxeExit:
      """
      #!ipxe
      echo Siderite: this machine boots from its disk
      exit\(isUEFI ? " 1" : "")

      """
    case .ipxeSanboot:
      """
      #!ipxe
      echo Siderite: this machine boots from its disk
      sanboot --no-describe --drive 0x80 || goto failed
      :failed
      echo Siderite: could not boot the first disk
      sleep 10
      exit 1

      """
    }
  }
}
