import Testing

@testable import LinuxSystem

@Suite("Drivers")
struct ModuleIndexTests {
  private let index = ModuleIndex(
    dependencies: """
      kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
      kernel/drivers/virtio/virtio_ring.ko:
      kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko \
      kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
      kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko
      kernel/net/core/failover.ko:
      kernel/drivers/net/phy/realtek.ko:
      kernel/drivers/net/ethernet/realtek/r8169.ko:
      kernel/lib/libcrc32c.ko:
      kernel/crypto/crc32c_generic.ko:
      kernel/arch/x86/crypto/crc32c-intel.ko.xz:
      kernel/loop/a.ko:
      kernel/loop/b.ko:
      nonsense
      """,
    aliases: """
      # Aliases extracted from modules themselves.
      alias virtio:d00000001v* virtio_net
      alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169
      alias pci:v*d*sv*sd*bc01sc08i02* nvme
      alias crypto-crc32c crc32c_generic
      alias crypto-crc32c crc32c-intel
      alias broken
      """,
    softDependencies: """
      softdep r8169 pre: realtek
      softdep libcrc32c pre: crypto-crc32c
      softdep a pre: b
      softdep b post: a
      softdep nothing
      """)

  @Test("A device gets the modules whose patterns match")
  func aliases() {
    #expect(index.modules(forDevice: "virtio:d00000001v00001AF4") == ["virtio_net"])
    #expect(index.modules(forDevice: "pci:v000010ECd00008168sv00001043sd00008677bc02sc00i00") == ["r8169"])
    #expect(index.modules(forDevice: "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02") == ["nvme"])
    #expect(index.modules(forDevice: "usb:v1D6Bp0002").isEmpty)
    #expect(index.modules(forDevice: "").isEmpty)
  }

  @Test("What a module needs is loaded before it")
  func order() throws {
    let order = index.loadOrder(of: "virtio_net").map { String($0.split(separator: "/").last ?? "") }
    #expect(order == ["virtio_ring.ko", "virtio.ko", "failover.ko", "net_failover.ko", "virtio_net.ko"])
  }

  @Test("Soft dependencies count, on modules and on what modules provide, even in a circle")
  func softDependencies() {
    #expect(index.loadOrder(of: "r8169").first == "kernel/drivers/net/phy/realtek.ko")
    #expect(
      index.loadOrder(of: "libcrc32c") == [
        "kernel/crypto/crc32c_generic.ko", "kernel/arch/x86/crypto/crc32c-intel.ko.xz", "kernel/lib/libcrc32c.ko",
      ])
    #expect(Set(index.loadOrder(of: "a")) == ["kernel/loop/a.ko", "kernel/loop/b.ko"])
  }

  @Test("A module nobody has is nothing to load")
  func missing() {
    #expect(index.loadOrder(of: "nosuch").isEmpty)
    #expect(ModuleIndex(dependencies: "", aliases: "").modules(forDevice: "pci:v1").isEmpty)
  }

  @Test(
    "Patterns of modules.alias",
    arguments: [
      ("abc", "abc", true), ("abc", "abcd", false), ("a*c", "abbbc", true), ("a*c", "abbb", false), ("*", "", true),
      ("", "", true), ("", "a", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a[0-9]c", "a5c", true),
      ("a[0-9]c", "axc", false), ("a[xyz]*", "ay", true), ("a[", "a[", false), ("*bc*bc", "abcbcbc", true),
      ("***a", "bbba", true),
    ])
  func wildcards(pattern: String, text: String, matches: Bool) {
    #expect(Wildcard.matches(Array(pattern.utf8), Array(text.utf8)) == matches)
  }

  @Test("A pattern made to be slow is not")
  func slowPattern() {
    let pattern = Array(String(repeating: "*a", count: 200).utf8) + [UInt8(ascii: "b")]
    #expect(!Wildcard.matches(pattern, [UInt8](repeating: UInt8(ascii: "a"), count: 4000)))
  }
}
