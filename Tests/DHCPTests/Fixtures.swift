import DHCP
import Wire

/// Bytes written for people: hexadecimal in groups, `00*192` for a run, `'text'` for ASCII, `#` to the end of the line
/// a comment.
func hex(_ text: String) -> [UInt8] {
  var bytes = [UInt8]()
  for line in text.split(separator: "\n") {
    let data = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
    for word in data.split(separator: " ") {
      if word.hasPrefix("'") {
        bytes += Array(word.dropFirst().dropLast().utf8)
      } else if let star = word.firstIndex(of: "*"), let count = Int(word[word.index(after: star)...]) {
        bytes += Array(repeatElement(Hexadecimal.bytes(word[..<star]) ?? [], count: count).joined())
      } else {
        bytes += Hexadecimal.bytes(word) ?? []
      }
    }
  }
  return bytes
}

/// Messages of real firmware, captured in the lab (QEMU 7.2; see each for what sent it), grouped by field.
enum Fixture {
  /// SeaBIOS with the virtio-net ROM of Debian's ipxe-qemu: BIOS, and already iPXE.
  static let ipxeBIOSDiscover = hex(
    """
    01 01 06 00 e257bd51 0004 0000                # op htype hlen hops xid secs flags
    00000000 00000000 00000000 00000000           # ciaddr yiaddr siaddr giaddr
    525400770001 00*10 00*64 00*128 63825363      # chaddr sname file cookie
    35 01 01                                      # DISCOVER
    39 02 05c0                                    # maximum message size 1472
    5d 02 0000                                    # architecture 0
    5e 03 010201                                  # UNDI 2.1
    3c 20 'PXEClient:Arch:00000:UNDI:002001'
    4d 04 'iPXE'                                  # user class, a bare string
    37 17 0103 0607 0c0f 111a 2b3c 4243 7781 8283 8485 8687 afcb af  # parameter request list
    af 30 b105011af41000 eb03010000 170101 220101 130101 110101 270101 190101 290101 100102 210101 150101 180101 120101
    3d 07 01525400770001                          # client identifier
    61 11 00 506a0c1f1d5b0c4e9a01525400770001     # machine identifier
    ff
    """)

  /// The same message from a ROM that is not iPXE, as Intel's boot agents send it: no 77, no 175, no 61.
  static let biosDiscover = hex(
    """
    01 01 06 00 53127db3 0004 8000
    00000000 00000000 00000000 00000000
    525400770009 00*10 00*64 00*128 63825363
    35 01 01
    37 18 0102 0305 060b 0c0d 0f10 1112 2b36 3c43 8081 8283 8485 8687
    39 02 04ec                                    # 1260
    61 11 00 506a0c1f1d5b0c4e9a01525400770009
    5d 02 0000
    5e 03 010201
    3c 20 'PXEClient:Arch:00000:UNDI:002001'
    ff
    """)

  /// OVMF's own PXE.
  static let uefiDiscover = hex(
    """
    01 01 06 00 495b7055 0000 8000
    00000000 00000000 00000000 00000000
    525400770002 00*10 00*64 00*128 63825363
    35 01 01
    39 02 05c0
    37 23 0102 0304 0506 0c0d 0f11 1216 171c 2829 2a2b 3233 363a 3b3c 4243 6180 8182 8384 8586 87
    61 11 00 506a0c1f1d5b0c4e9a02525400770002
    5e 03 010300
    5d 02 0007
    3c 20 'PXEClient:Arch:00007:UNDI:003000'
    ff
    """)

  /// OVMF asking the boot server, from port 4011 to port 4011, with the address 10.77.0.131.
  static let uefiBootServerRequest = hex(
    """
    01 01 06 00 1ce0cf04 0000 0000
    0a4d0083 00000000 00000000 00000000
    525400770002 00*10 00*64 00*128 63825363
    35 01 03
    39 02 05c0
    37 23 0102 0304 0506 0c0d 0f11 1216 171c 2829 2a2b 3233 363a 3b3c 4243 6180 8182 8384 8586 87
    61 11 00 506a0c1f1d5b0c4e9a02525400770002
    5e 03 010300
    5d 02 0007
    3c 20 'PXEClient:Arch:00007:UNDI:003000'
    ff
    """)

  /// OVMF's HTTP boot.
  static let httpDiscover = hex(
    """
    01 01 06 00 3f4fb176 0000 8000
    00000000 00000000 00000000 00000000
    525400770003 00*10 00*64 00*128 63825363
    35 01 01
    39 02 05c0
    37 1b 0102 0304 0506 0c0d 0f11 1216 171c 2829 2a2b 3233 363a 3b3c ea 4361
    61 11 00 506a0c1f1d5b0c4e9a03525400770003
    5e 03 010300
    5d 02 0010
    3c 21 'HTTPClient:Arch:00016:UNDI:003000'
    ff
    """)

  /// Debian's snponly.efi, chain-loaded.
  static let ipxeUEFIDiscover = hex(
    """
    01 01 06 00 a9e1cf19 0004 0000
    00000000 00000000 00000000 00000000
    525400770002 00*10 00*64 00*128 63825363
    35 01 01
    39 02 05c0
    5d 02 0007
    5e 03 01030a
    3c 20 'PXEClient:Arch:00007:UNDI:003010'
    4d 04 'iPXE'
    37 17 0103 0607 0c0f 111a 2b3c 4243 7781 8283 8485 8687 afcb af
    af 06 eb03010000 00
    3d 07 01525400770002
    61 11 00 506a0c1f1d5b0c4e9a02525400770002
    ff
    """)

  /// busybox udhcpc: no boot client.
  static let udhcpcDiscover = hex(
    """
    01 01 06 00 3156be66 0000 0000
    00000000 00000000 00000000 00000000
    525400770002 00*10 00*64 00*128 63825363
    35 01 01
    3d 07 01525400770002
    39 02 0240
    37 07 0103 060c 0f1c 2a
    3c 0c 'udhcp' 20 '1.35.0'
    ff
    """)

  static let all: [(name: String, bytes: [UInt8])] = [
    ("ipxeBIOSDiscover", ipxeBIOSDiscover), ("biosDiscover", biosDiscover), ("uefiDiscover", uefiDiscover),
    ("uefiBootServerRequest", uefiBootServerRequest), ("httpDiscover", httpDiscover),
    ("ipxeUEFIDiscover", ipxeUEFIDiscover), ("udhcpcDiscover", udhcpcDiscover),
  ]
}

extension DHCPPacket {
  /// The message that `bytes` are.
  static func read(_ bytes: [UInt8]) throws(DHCPParseError) -> DHCPPacket { try DHCPPacket(parsing: bytes.span) }

  /// The message as bytes.
  var serialized: [UInt8] {
    var bytes = [UInt8]()
    serialize(into: &bytes)
    return bytes
  }
}

/// An address in the tests' subnet, 10.77.0.0/24.
func address(_ host: UInt32) -> IPv4Address { IPv4Address(rawValue: 0x0a4d_0000 + host) }

/// The tests' machines.
func mac(_ number: UInt64) -> MACAddress { MACAddress(rawValue: 0x5254_0077_0000 + number) }
