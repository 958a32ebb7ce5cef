import Testing
import Wire

@testable import BareMetal

@Suite("Other DHCP servers' leases")
struct LeaseFileTests {
  private static let now = Timestamp(seconds: 1_764_207_221)
  private static let mac = MACAddress(rawValue: 0x5254_0012_3456)

  private func address(_ last: UInt32) -> IPv4Address { IPv4Address(rawValue: 0x0a00_0000 + last) }

  private func lease(_ last: UInt32, _ name: String? = nil, ends seconds: Int64 = 1_764_210_821) -> Lease {
    Lease(
      address: address(last), client: [1] + Self.mac.bytes, mac: Self.mac, hostname: name, state: .bound,
      expires: Timestamp(seconds: seconds))
  }

  private func read(_ text: String, _ format: LeaseFile.Format) -> LeaseFile {
    LeaseFile(parsing: Array(text.utf8), as: format)
  }

  /// As dhcpd 4.4 writes it, and by hand.
  private static let isc = #"""
    # The format of this file is documented in the dhcpd.leases(5) manual page.
    authoring-byte-order little-endian;
    server-duid "\000\001\000\001/\377\";{";

    lease 10.0.0.5 {
      starts 5 2025/11/27 01:33:41;
      ends 4 2025/11/27 02:00:00;
      binding state active;
      hardware ethernet 52:54:00:12:34:56;
    }
    lease 10.0.0.6 {
      ends never;
      binding state active;
      next binding state free;
      rewind binding state free;
      hardware ethernet 52:54:0:12:34:56;
      uid "\001RT\000\0224V";
      set vendor-class-identifier = "PXEClient; }";
      client-hostname "node-6";
      on expiry { log("gone; }"); }
    }
    failover peer "x" state { my state normal at 4 2025/11/27 01:33:41; }
    lease 10.0.0.7 { ends epoch 1764210821; # Thu
      binding state abandoned; }
    lease 10.0.0.8 { ends 4 2025/11/27 02:33:41; binding state active; uid 00:0a:ff; hardware infiniband 80:00; }
    lease 10.0.0.9 { ends 4 2025/11/27 02:33:41; binding state active; hardware ethernet 52:54:00:12:34:56; }
    lease 10.0.0.9 { ends 4 2025/11/27 01:33:41; binding state free; hardware ethernet 52:54:00:12:34:56; }
    lease 10.0.0.5 {
      ends 4 2025/11/27 02:33:41;
      binding state active;
      hardware ethernet 52:54:00:12:34:56;
      client-hostname "not a name";
    }
    """#

  @Test("ISC dhcpd's: the last record of an address counts; declined ones and other clients are there")
  func isc() {
    let file = read(Self.isc, .isc)
    #expect(file.problems == [] && file.ended == 1)
    #expect(file.entries.map(\.lease.address) == [5, 6, 7, 8].map(address))
    #expect(file.entries.map(\.line) == [28, 11, 23, 25])
    #expect(file.entries.first?.lease == lease(5))
    var eternal = lease(6, "node-6")
    eternal.expires = LeaseFile.never
    #expect(file.entries[1].lease == eternal)
    #expect(file.entries[2].lease.state == .declined)
    #expect(file.entries[3].lease.client == [0, 10, 255] && file.entries[3].lease.mac == .zero)
  }

  @Test("What cannot be read of ISC's is told with its line, and the rest is there")
  func brokenISC() {
    let good = "lease 10.0.0.5 { ends epoch 1764210821; hardware ethernet 52:54:00:12:34:56; }\n"
    for (text, line) in [
      ("lease 10.0.0.256 { ends never; }\n", 1), ("lease {\n}\n", 1),
      ("lease 10.0.0.6 {\n  ends 4 yesterday noon;\n}\n", 2),
      ("lease 10.0.0.6 {\n\n hardware ethernet 52:54:00; }\n", 3), ("lease 10.0.0.6 { ends never; }\n", 1),
      ("lease 10.0.0.6 { hardware ethernet 52:54:00:12:34:56; }\n", 1), ("lease 10.0.0.6 {\n  ends never\n}\n", 3),
    ] {
      let file = read(text + good, .isc)
      #expect(file.problems.map(\.line) == [line], "\(text)")
      #expect(file.entries.map(\.lease) == [lease(5)], "\(text)")
    }
    let cut = read(good + "lease 10.0.0.6 {\n  ends never;", .isc)
    #expect(cut.entries.count == 1 && cut.problems.map(\.line) == [2])
  }

  @Test("What a fuzzer found: an end before 1970, and a hardware address of zeros that is none")
  func fuzzed() {
    let old = read("lease 10.0.0.5 { ends 5 0935/11/27 03:33:41; hardware ethernet 52:08:00:12:34:56; }", .isc)
    #expect(old.entries.isEmpty && old.problems.count == 1)
    let nobodys = read("lease 10.0.0.5 { ends never; hardware ethernet 0:0:0:0:0:0; }", .isc)
    #expect(nobodys.entries.isEmpty && nobodys.problems.count == 1)
    let named = read("lease 10.0.0.5 { ends never; uid 01:00:00:00:00:00:00; }", .isc)
    let text = LeaseFile.text(of: named.entries.map(\.lease), as: .isc, now: Self.now).text
    #expect(read(text, .isc).entries.map(\.lease) == named.entries.map(\.lease) && named.entries.count == 1)
  }

  @Test("Kea's: columns by their names, deleted and reclaimed leases gone, declined ones there")
  func kea() {
    let file = read(
      """
      address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
      10.0.0.5,52:54:00:12:34:56,,3600,1764210000,1,0,0,old,0,,0
      10.0.0.6,52:54:00:12:34:57,01:52:54:00:12:34:57,3600,1764210821,1,0,0,,0,,0
      10.0.0.6,52:54:00:12:34:57,,0,1764210821,1,0,0,,0,,0
      10.0.0.7,,,86400,1764210821,1,0,0,,1,,0
      10.0.0.8,52:54:00:12:34:58,,3600,1764210821,1,0,0,,2,,0
      10.0.0.5,52:54:00:12:34:56,01:52:54:00:12:34:56,3600,1764210821,1,0,0,node1.,0,{ "a": 1&#x2c "b": 2 },0
      10.0.0.9,,ff:00:01,4294967295,6059174516,1,0,0,,0,,0
      10.0.0.10,52:54:00:12:34:56,,x,1,1,0,0,,0,,0
      nothing
      10.0.0.11,,,3600,1764210821,1,0,0,,0,,0
      """, .kea)
    #expect(file.problems.map(\.line) == [9, 10, 11])
    #expect(file.ended == 2)
    #expect(file.entries.map(\.lease.address) == [5, 7, 9].map(address))
    #expect(file.entries.first?.lease == lease(5, "node1"))
    #expect(file.entries.map(\.lease.state) == [.bound, .declined, .bound])
    #expect(file.entries.last?.lease.expires == LeaseFile.never)
    #expect(read("10.0.0.5,52:54:00:12:34:56,,3600,1764210000,1,0,0,,0\n", .kea).problems.map(\.line) == [1])
    let old = read("address,hwaddr,client_id,valid_lifetime,expire\n10.0.0.5,52:54:00:12:34:56,,1,1764210821\n", .kea)
    #expect(old.entries.map(\.lease) == [lease(5)])
  }

  @Test("dnsmasq's: to where IPv6 begins")
  func dnsmasq() {
    let file = read(
      """
      1764210821 52:54:00:12:34:56 10.0.0.5 node1 01:52:54:00:12:34:56
      0 52:54:00:12:34:56 10.0.0.6 * *
      1764210821 20-00:00:80 10.0.0.7 * ff:01:02
      1764210821 52:54:00:12:34:56 10.0.0 node1 *
      soon 52:54:00:12:34:56 10.0.0.8 node1 *
      1764210821 52:54:00 10.0.0.8 node1 *
      1764210821 52:54:00:12:34:56 10.0.0.8
      duid 00:01:00:01
      1764210821 123 fd00::1 node1 00:01
      """, .dnsmasq)
    #expect(file.problems.map(\.line) == [4, 5, 6, 7])
    #expect(file.entries.map(\.lease.address) == [5, 6, 7].map(address))
    #expect(file.entries.first?.lease == lease(5, "node1"))
    #expect(file.entries[1].lease.expires == LeaseFile.never)
    #expect(file.entries[2].lease.client == [255, 1, 2])
  }

  @Test(
    "What real servers wrote, when busybox's client asked them, is read",
    arguments: [
      (
        LeaseFile.Format.isc,  // isc-dhcp-server 4.4.3-P1 of Debian 12
        #"""
        # The format of this file is documented in the dhcpd.leases(5) manual page.
        # This lease file was written by isc-dhcp-4.4.3-P1

        # authoring-byte-order entry is generated, DO NOT DELETE
        authoring-byte-order little-endian;

        server-duid "\000\001\000\0012\233\264J\022\367\354\201\225\256";

        lease 10.99.0.100 {
          starts 5 2026/11/27 03:23:56;
          ends 5 2026/11/27 04:23:59;
          cltt 5 2026/11/27 03:23:56;
          binding state active;
          next binding state free;
          rewind binding state free;
          hardware ethernet 32:9b:f8:d6:d7:50;
          uid "\0012\233\370\326\327P";
          set vendor-class-identifier = "udhcp 1.35.0";
          client-hostname "node1";
        }

        """#
      ),
      (
        .kea,  // kea-dhcp4-server 2.2.0 of Debian 12
        """
        address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
        10.99.0.100,32:9b:f8:d6:d7:50,,7200,1795753430,1,0,0,,0,
        10.99.0.100,32:9b:f8:d6:d7:50,01:32:9b:f8:d6:d7:50,7200,1795753439,1,0,0,node1,0,

        """
      ),
      // dnsmasq 2.90 of Debian 12
      (.dnsmasq, "1795753439 32:9b:f8:d6:d7:50 10.99.0.100 node1 01:32:9b:f8:d6:d7:50\n"),
    ])
  func real(format: LeaseFile.Format, text: String) {
    let file = read(text, format)
    let mac = MACAddress(rawValue: 0x329b_f8d6_d750)
    #expect(file.problems == [])
    #expect(
      file.entries.map(\.lease) == [
        Lease(
          address: IPv4Address(rawValue: 0x0a63_0064), client: [1] + mac.bytes, mac: mac, hostname: "node1",
          state: .bound, expires: Timestamp(seconds: 1_795_753_439))
      ])
  }

  @Test("What is written is read as it was", arguments: LeaseFile.Format.allCases)
  func roundTrip(format: LeaseFile.Format) {
    var declined = lease(7)
    declined.state = .declined
    let identified = Lease(
      address: address(8), client: [255, 0, 1], mac: .zero, hostname: nil, state: .bound,
      expires: Timestamp(seconds: 1_764_210_821))
    let leases = [lease(5, "node1"), lease(6, ends: 0xffff_ffff), declined, identified]
    let (text, leftOut) = LeaseFile.text(of: leases, as: format, now: Self.now)
    let file = read(text, format)
    #expect(file.problems == [] && file.ended == 0)
    guard format != .dnsmasq else {
      #expect(leftOut == 2 && file.entries.map(\.lease) == Array(leases.prefix(2)))
      return
    }
    #expect(leftOut == 0)
    var expected = leases
    // Neither says who declined an address.
    expected[2].client = []
    expected[2].mac = .zero
    #expect(file.entries.map(\.lease) == expected)
  }

  @Test("A file of nonsense, or cut anywhere, has problems and never a crash", arguments: LeaseFile.Format.allCases)
  func nonsense(format: LeaseFile.Format) {
    let (text, _) = LeaseFile.text(of: [lease(5, "node1"), lease(6)], as: format, now: Self.now)
    let bytes = Array((format == .isc ? Self.isc : text).utf8)
    for count in bytes.indices { _ = LeaseFile(parsing: Array(bytes[..<count]), as: format) }
    for index in bytes.indices {
      for byte in [0, 10, 34, 59, 92, 123, 125, 255] as [UInt8] {
        var changed = bytes
        changed[index] = byte
        _ = LeaseFile(parsing: changed, as: format)
      }
    }
    let file = read(String(repeating: "lease x {\n}\nx\n", count: 1000), format)
    #expect(file.entries.isEmpty)
    #expect(file.problems.count <= LeaseFile.toldProblems)
    #expect(file.problems.count + file.moreProblems > 0)
  }
}
