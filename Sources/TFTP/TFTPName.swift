/// File names as clients write them, brought to the one form they are looked up by.
public enum TFTPName {
  /// Directories that TFTP servers are usually given and that clients are therefore configured to put before names.
  public static let knownPrefixes = ["tftpboot/", "var/lib/tftpboot/", "srv/tftp/", "tftp/"]

  /// The name without what means nothing to a map of contents.
  ///
  /// - `\` becomes `/` (Windows boot programs);
  /// - leading `/` and `./`, doubled slashes and one of ``knownPrefixes`` go;
  /// - trailing control characters and undecodable bytes go: some UEFI firmware takes DHCP option 67 to be ended by a
  ///   zero byte, which it is not, and asks for `ipxe.efi` followed by the 0xFF of the END option.
  ///
  /// `..` is left as it is: no key of the map has it, so it finds nothing.
  public static func normalized(_ name: String) -> String {
    var scalars = Substring(name).unicodeScalars
    while let last = scalars.last, last.value <= 0x20 || last.value == 0x7f || last.value == 0xfffd {
      scalars.removeLast()
    }
    var parts = String(scalars).split(whereSeparator: { $0 == "/" || $0 == "\\" })[...]
    while parts.first == "." { parts.removeFirst() }
    let path = parts.joined(separator: "/")
    for prefix in knownPrefixes where path.hasPrefix(prefix) {
      return String(path.dropFirst(prefix.count))
    }
    return path
  }
}
