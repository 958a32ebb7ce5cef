import BareMetal
import HTTPTypes
import HummingbirdCore
import Testing
import Wire

@testable import HTTPServices

@Suite("iPXE scripts")
struct ScriptTests {
  let uuid = "4c4c4544-0051-3610-8052-b4c04f4d4631"

  @Test("/boot.ipxe is the first script; HEAD tells its length")
  func first() async throws {
    let rack = try Rack()
    let answer = try await rack.ask(.get, "/boot.ipxe")
    #expect(answer.status == 200)
    #expect(answer.text == IPXEScript.first)
    #expect(answer.headers[.contentType]?.hasPrefix("text/plain") == true)
    let head = try await rack.ask(.head, "/boot.ipxe")
    #expect(head.body.isEmpty)
    #expect(head.headers[.contentLength] == "\(IPXEScript.first.utf8.count)")
  }

  @Test("An unknown machine gets the agent, told its MAC and the address it used; the journal hears why")
  func unknown() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    let answer = try await rack.ask(
      .get, "/ipxe?uuid=\(uuid)&mac=52-54-00-12-34-56&serial=ABC&arch=i386&platform=pcbios&domain=&hostname=")
    #expect(answer.status == 200)
    #expect(
      answer.text.contains(
        "kernel /env/agent-amd64/vmlinuz console=tty0 console=ttyS0 initrd=initramfs.xz panic=30 "
          + "sidero.mac=52:54:00:12:34:56 sidero.endpoint=10.0.0.1:8081 ||"))
    #expect(answer.text.contains("initrd /env/agent-amd64/initramfs.xz"))
    let record = try #require(rack.journal.records().first)
    #expect(record.mac == MACAddress("52:54:00:12:34:56"))
    #expect(record.uuid == SystemUUID(uuid))
    #expect(record.address == IPAddress("10.0.0.7"))
    #expect(record.events.map(\.reason) == ["Planned"])
    #expect(record.events.first?.message.contains("Environment agent-amd64") == true)
  }

  @Test(
    "Only an address is taken from the Host header; for the rest our own address stands",
    arguments: [
      ("192.168.1.5:8081", "192.168.1.5:8081"), ("192.168.1.5", "192.168.1.5:80"), ("boot.example:8081", nil),
      ("192.168.1.5:99999", nil), ("192.168.1.5:", nil), ("192.168.1.5:80 init=/bin/sh", nil),
      ("[::1]:8081", "[::1]:8081"),
      ("1.2.3.4:80:90", nil), ("", nil), (nil, nil),
    ] as [(String?, String?)])
  func host(_ host: String?, _ expected: String?) async throws {
    let rack = try Rack()
    try rack.serveAgent()
    let answer = try await rack.ask(.get, "/ipxe", host: host)
    #expect(answer.text.contains(" sidero.endpoint=\(expected ?? "10.0.0.2:8081") ||"))
  }

  @Test("A configured endpoint and extra kernel arguments come before what we would say")
  func configured() async throws {
    let rack = try Rack {
      $0.apiEndpoint = "203.0.113.9:80"
      $0.extraAgentKernelArguments = ["console=ttyS1", "debug"]
    }
    try rack.serveAgent()
    let answer = try await rack.ask(.get, "/ipxe")
    #expect(answer.text.contains(" sidero.endpoint=203.0.113.9:80 console=ttyS1 debug ||"))
    #expect(!answer.text.contains("console=tty0"))
  }

  @Test(
    "The query: mac in any case, the first of a repeated key, what cannot be read is dropped",
    arguments: [
      ("", nil, nil, .bios),
      ("mac=52-54-00-12-34-56", "52:54:00:12:34:56", nil, .bios),
      ("MAC=52:54:00:12:34:56", "52:54:00:12:34:56", nil, .bios),
      ("Mac=52%3A54%3A00%3A12%3A34%3A56", "52:54:00:12:34:56", nil, .bios),
      ("mac=52-54-00-12-34-56&mac=52-54-00-00-00-00", "52:54:00:12:34:56", nil, .bios),
      ("mac=nonsense&mac=52-54-00-00-00-00", nil, nil, .bios),
      ("mac=", nil, nil, .bios), ("mac", nil, nil, .bios), ("&&==&%zz=%zz&mac=%", nil, nil, .bios),
      (
        "uuid=4C4C4544-0051-3610-8052-B4C04F4D4631&uuid=x", nil, "4c4c4544-0051-3610-8052-b4c04f4d4631", .bios
      ),
      ("UUID=4c4c4544-0051-3610-8052-b4c04f4d4631", nil, nil, .bios),
      ("uuid=../../etc/passwd", nil, nil, .bios),
      ("arch=arm64&platform=efi", nil, nil, .uefiARM64), ("arch=arm64", nil, nil, .uefiARM64),
      ("arch=x86_64&platform=efi", nil, nil, .uefiX64), ("arch=i386&platform=efi", nil, nil, .uefiIA32),
      ("arch=i386&platform=pcbios", nil, nil, .bios), ("arch=sparc", nil, nil, .bios),
    ] as [(String, String?, String?, BootArchitecture)])
  func query(_ query: String, _ mac: String?, _ uuid: String?, _ architecture: BootArchitecture) {
    let read = ScriptQuery(URI("/ipxe?\(query)"))
    #expect(read.mac == mac.flatMap { MACAddress($0) })
    #expect(read.uuid == uuid.flatMap { SystemUUID($0) })
    #expect(read.architecture == architecture)
  }

  @Test("An Environment that is not there is 404 with one line, and the journal hears it")
  func missing() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    let answer = try await rack.ask(.get, "/ipxe?arch=arm64&platform=efi&mac=52-54-00-12-34-56")
    #expect(answer.status == 404)
    #expect(answer.text == "no discovery agent for arm64 is installed: agent.directory has no arm64/vmlinuz\n")
    #expect(rack.reasons == ["TransferFailed"])
  }

  @Test("A store that fails is 503 with a time to come again, and nothing of its insides")
  func unavailable() async throws {
    let rack = try Rack(store: MemoryStore(failure: .unavailable))
    try rack.serveAgent()
    let answer = try await rack.ask(.get, "/ipxe?uuid=\(uuid)")
    #expect(answer.status == 503)
    #expect(answer.headers[.retryAfter] == "5")
    #expect(answer.isOneLine)
    #expect(!answer.text.contains("/var"))
  }

  @Test("A query longer than any iPXE sends is 414")
  func tooLong() async throws {
    let rack = try Rack()
    let answer = try await rack.ask(.get, "/ipxe?serial=" + String(repeating: "x", count: 3000))
    #expect(answer.status == 414)
    #expect(answer.isOneLine)
  }

  @Test("Every query cut anywhere is answered")
  func truncated() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    let path = "/ipxe?uuid=\(uuid)&mac=52%3A54-00-12-34-56&serial=%41&arch=i386&platform=efi"
    for length in 6...path.count {
      #expect(try await rack.ask(.get, String(path.prefix(length))).status == 200)
    }
  }
}
