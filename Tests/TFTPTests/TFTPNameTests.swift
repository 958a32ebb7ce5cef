import TFTP
import Testing

struct TFTPNameTests {
  @Test(
    "names are brought to one form",
    arguments: [
      ("ipxe.efi", "ipxe.efi"), ("/ipxe.efi", "ipxe.efi"), ("./ipxe.efi", "ipxe.efi"), ("//./a//b", "a/b"),
      ("\\boot\\x64\\wdsnbp.com", "boot/x64/wdsnbp.com"), ("/tftpboot/ipxe.efi", "ipxe.efi"),
      ("/var/lib/tftpboot/a", "a"), ("/srv/tftp/a", "a"), ("ipxe.efi\u{fffd}", "ipxe.efi"), ("a\r\n", "a"), ("", ""),
      ("/", ""), ("tftpboot", "tftpboot"),
    ])
  func normalized(sent: String, name: String) { #expect(TFTPName.normalized(sent) == name) }

  @Test(
    "a name that climbs keeps its dots, so that no map has it",
    arguments: ["../etc/shadow", "/tftpboot/../x", "a/../../b"])
  func climbing(name: String) { #expect(TFTPName.normalized(name).contains("..")) }

  @Test("the END option's 0xFF after a name from DHCP option 67 is dropped")
  func endOption() throws {
    let wire: [UInt8] = [0, 1] + Array("ipxe.efi".utf8) + [0xff, 0] + Array("octet\0".utf8)
    guard case .readRequest(let request) = try TFTPPacket(parsing: wire.span) else {
      Issue.record("not a read request")
      return
    }
    #expect(TFTPName.normalized(request.name) == "ipxe.efi")
  }
}
