public import Wire

/// What a client is to boot, in the words of DHCP. Who decided it is not known here.
public enum DHCPBootReply: Hashable, Sendable {
  /// Nothing: the client gets an address (server mode) or no answer (proxy mode).
  case none
  /// A file on a TFTP server: `siaddr`, and `file` or options 66 and 67.
  case file(server: IPv4Address, name: String)
  /// A URL: the boot program of a UEFI HTTP client, or the script of an iPXE.
  case url(String)
}
