import BareMetal
import Synchronization
import Testing
import Wire

@Suite("How a Server is managed")
struct ManagementMethodTests {
  static let credentials = Credentials(user: "admin", password: Secret("secret"))

  private func server(_ edit: (inout BMC) -> Void = { _ in }) -> Server {
    var server = Server(metadata: ObjectMeta(name: "s1"), spec: ServerSpec(), status: ServerStatus())
    var bmc = BMC(endpoint: "10.0.0.7")
    bmc.user = "admin"
    bmc.pass = "secret"
    edit(&bmc)
    server.spec.bmc = bmc
    return server
  }

  private func method(_ server: Server, _ secrets: Secrets = Secrets()) async throws -> ManagementMethod {
    try await ManagementMethod(of: server, secrets: secrets)
  }

  private func failure(_ server: Server, _ secrets: Secrets = Secrets()) async -> BMCFailure? {
    do {
      _ = try await ManagementMethod(of: server, secrets: secrets)
      return nil
    } catch {
      return error
    }
  }

  @Test("lanplus is IPMI of whatever version, and the default; lan is 1.5; the port is 623 or as given")
  func ipmi() async throws {
    var access = IPMIAccess(host: "10.0.0.7", port: 623, credentials: Self.credentials)
    #expect(try await method(server()) == .ipmi(access))
    #expect(try await method(server { $0.interface = "lanplus" }) == .ipmi(access))
    #expect(try await method(server { $0.interface = "" }) == .ipmi(access))
    access.version = .version15
    access.port = 6230
    #expect(
      try await method(
        server {
          $0.interface = "lan"
          $0.port = 6230
        }) == .ipmi(access))
  }

  @Test("A Redfish endpoint is an address, whose certificate nobody vouches for, or a URL")
  func redfish() async throws {
    for (endpoint, port, url, isUnknown) in [
      ("10.0.0.7", nil, "https://10.0.0.7", true), ("10.0.0.7", 623, "https://10.0.0.7", true),
      ("bmc7", 8443, "https://bmc7:8443", true), ("2001:db8::7", 8443, "https://[2001:db8::7]:8443", true),
      ("https://bmc7.example", nil, "https://bmc7.example", false),
      ("http://127.0.0.1:8000", nil, "http://127.0.0.1:8000", false),
    ] as [(String, UInt32?, String, Bool)] {
      var access = RedfishAccess(baseURL: url, credentials: Self.credentials)
      access.allowsUnknownCertificate = isUnknown
      let method = try await method(
        server {
          $0.endpoint = endpoint
          $0.port = port
          $0.interface = "redfish"
        })
      #expect(method == .redfish(access))
    }
  }

  @Test("Wake-on-LAN takes a hardware address and no credentials")
  func wakeOnLAN() async throws {
    let waking = server {
      $0 = BMC(endpoint: "52:54:00:12:34:56")
      $0.interface = "wol"
    }
    #expect(try await method(waking) == .wakeOnLAN(MACAddress(rawValue: 0x5254_0012_3456), broadcast: nil))
    #expect(await failure(server { $0.interface = "wol" })?.kind == .misconfigured)
  }

  @Test("The management API is what there is beside a BMC; nothing at all is by hand, and says so")
  func others() async throws {
    var server = server()
    server.spec.managementApi = ManagementAPI(endpoint: "http://10.0.0.1:9000")
    #expect(try await method(server) == .ipmi(IPMIAccess(host: "10.0.0.7", credentials: Self.credentials)))
    server.spec.bmc = nil
    #expect(try await method(server) == .managementAPI("http://10.0.0.1:9000"))
    server.spec.managementApi = nil
    #expect(try await method(server) == .manual(reason: ManagementMethod.noController))
  }

  @Test("Credentials come from the Secret that is named, wherever it is, before those written out")
  func secrets() async throws {
    let name = SecretName(namespace: "elsewhere", name: "mine")
    let server = server {
      $0.userFrom = CredentialSource(secretKeyRef: SecretKeyRef(namespace: "elsewhere", name: "mine", key: "u"))
      $0.passFrom = CredentialSource(secretKeyRef: SecretKeyRef(namespace: "elsewhere", name: "mine", key: "p"))
    }
    let found = try await method(server, Secrets([name: ["u": Secret("root"), "p": Secret("calvin")]]))
    let credentials = Credentials(user: "root", password: Secret("calvin"))
    #expect(found == .ipmi(IPMIAccess(host: "10.0.0.7", credentials: credentials)))
    let noSecret = await failure(server)
    #expect(noSecret?.kind == .misconfigured && noSecret?.message.contains("Secret elsewhere/mine") == true)
    let noKey = await failure(server, Secrets([name: ["u": Secret("root"), "q": Secret("calvin")]]))
    #expect(noKey?.kind == .misconfigured && noKey?.message.contains("no key 'p'") == true)
    #expect(noKey?.message.contains("calvin") == false)
    #expect(await failure(server, Secrets(failing: true))?.kind == .busy)
  }

  @Test("What cannot be used is a failure that names it")
  func misconfigured() async throws {
    for (server, text) in [
      (server { $0.pass = nil }, "spec.bmc.pass"), (server { $0.user = nil }, "spec.bmc.user"),
      (server { $0.interface = "lanminus" }, "'lanminus'; known are lanplus, lan, redfish, wol"),
      (server { $0.interface = "\u{1b}[2J" }, "spec.bmc.interface is '[2J'"), (server { $0.endpoint = "" }, "endpoint"),
      (server { $0.port = 0 }, "port"), (server { $0.port = 65_536 }, "port"),
    ] {
      let failure = await failure(server)
      #expect(failure?.kind == .misconfigured)
      #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
    }
  }

  private struct Secrets: SecretStore {
    var secrets: [SecretName: [String: Secret]]
    var isFailing: Bool

    init(_ secrets: [SecretName: [String: Secret]] = [:], failing: Bool = false) {
      self.secrets = secrets
      isFailing = failing
    }

    func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
      if isFailing { throw .unavailable(message: "disk") }
      return secrets[name]
    }

    func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {}
  }
}

@Suite("What a management controller says of a Server")
struct ServerObservationTests {
  static let time = Timestamp(seconds: 1_700_000_000)

  @Test("An answer makes it reachable, and a power state known; the same again changes nothing")
  func answer() {
    var status = ServerStatus()
    let isNews1 = status.observe(.success(.sensors([])), at: Self.time)
    #expect(isNews1)
    #expect(status.power == nil && status.conditions?.map(\.status) == [.true])
    let isNews2 = status.observe(.success(.power(.off)), at: Self.time)
    #expect(isNews2)
    #expect(status.power == .off)
    let later = Self.time.advanced(bySeconds: 60)
    let isNews3 = status.observe(.success(.power(.off)), at: later)
    #expect(!isNews3)
    #expect(status.conditions?.first?.lastTransitionTime == Self.time)
  }

  @Test(
    "Each kind of failure says what it says: about the controller, the power, or neither",
    arguments: BMCFailure.Kind.allCases)
  func failure(kind: BMCFailure.Kind) {
    var status = ServerStatus()
    _ = status.observe(.success(.power(.on)), at: Self.time)
    let later = Self.time.advanced(bySeconds: 60)
    _ = status.observe(.failure(BMCFailure(kind, "x\u{1b}y")), at: later)
    switch kind {
    case .manual, .unsupported, .refused, .privilege, .busy, .cancelled:
      #expect(status.power == .on && status.conditions?.first?.status == .true)
    case .uncertain: #expect(status.power == .unknown && status.conditions?.first?.status == .true)
    default:
      #expect(status.power == .unknown)
      let condition = status.conditions?.first
      #expect(condition?.status == .false && condition?.lastTransitionTime == later && condition?.message == "xy")
      #expect(condition?.reason?.lowercased() == kind.rawValue.lowercased())
      // The same trouble in other words is no news.
      let isNews4 = status.observe(.failure(BMCFailure(kind, "z")), at: later.advanced(bySeconds: 60))
      #expect(!isNews4)
    }
    status.forgetManagement()
    #expect(status == ServerStatus())
  }

  @Test("Other conditions stay")
  func others() {
    var status = ServerStatus()
    let cycle = Condition(type: "PowerCycle", status: .true, lastTransitionTime: Self.time)
    status.conditions = [cycle]
    _ = status.observe(.success(.done), at: Self.time)
    #expect(status.conditions?.count == 2)
    status.forgetManagement()
    #expect(status.conditions == [cycle])
  }
}

@Suite("Many at once")
struct ConcurrentTests {
  @Test("No more than the limit at a time, and every result arrives", arguments: [1, 3, 100])
  func limit(limit: Int) async {
    let running = Mutex((now: 0, most: 0))
    var results: [Int] = []
    await (0..<50).concurrently(limit: limit) { number in
      running.withLock { running in
        running.now += 1
        running.most = max(running.most, running.now)
      }
      await Task.yield()
      running.withLock { $0.now -= 1 }
      return number
    } receive: {
      results.append($0)
    }
    #expect(results.sorted() == Array(0..<50))
    #expect(running.withLock(\.most) <= limit)
  }

  @Test("A receiver that fails ends it: nothing more begins")
  func failing() async {
    struct Enough: Error {}
    let begun = Mutex(0)
    await #expect(throws: Enough.self) {
      try await (0..<1000).concurrently(limit: 2) { number in
        begun.withLock { $0 += 1 }
        return number
      } receive: { _ in
        throw Enough()
      }
    }
    #expect(begun.withLock { $0 } <= 2)
  }
}
