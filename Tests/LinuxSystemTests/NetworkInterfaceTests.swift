import LinuxSystem
import Testing
import Wire

@Suite("Network interfaces")
struct NetworkInterfaceTests {
  @Test("Loopback is found, with 127.0.0.1/8 and no hardware address")
  func loopback() throws {
    let loopback = try #require(try NetworkInterface.named("lo"))
    #expect(loopback.isLoopback)
    #expect(loopback.index >= 1)
    #expect(loopback.mtu > 0)
    #expect(loopback.macAddress == nil)
    #expect(loopback.addresses.contains(.init(address: .loopback, prefixLength: 8)))
    #expect(loopback.addresses.first?.network == IPv4Prefix("127.0.0.0/8"))
  }

  @Test("An interface nobody has is nil", arguments: ["", "nosuch0", "a-name-longer-than-the-kernel-allows"])
  func missing(name: String) throws {
    #expect(try NetworkInterface.named(name) == nil)
  }

  @Test("All interfaces come by index, each once")
  func order() throws {
    let indices = try NetworkInterface.all().map(\.index)
    #expect(indices == Set(indices).sorted())
  }
}
