import BareMetal
import Certificates
import Logging
import Synchronization
import Testing
import Wire

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Secrets in memory, that fail as told.
private final class Secrets: SecretStore {
  let values = Mutex<[SecretName: [String: Secret]]>([:])
  let isDown = Mutex(false)

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    try check()
    return values.withLock { $0[name] }
  }

  func setSecret(_ name: SecretName, to new: [String: Secret]?) async throws(StoreError) {
    try check()
    values.withLock { $0[name] = new }
  }

  private func check() throws(StoreError) {
    if isDown.withLock({ $0 }) { throw .unavailable(message: "down") }
  }
}

/// A cluster, and a server, of which only what they were told is seen.
private final class Witness: WebhookRegistrar {
  let clients = Mutex<[WebhookClient]>([])
  let shown = Mutex<[String]>([])
  let isDown = Mutex(false)

  struct Down: Error {}

  func register(_ client: WebhookClient) async throws {
    if isDown.withLock({ $0 }) { throw Down() }
    clients.withLock { if $0.last != client { $0.append(client) } }
  }

  func show(_ certificate: String) { shown.withLock { $0.append(certificate) } }
}

@Suite("Certificates that are kept")
struct KeeperTests {
  private let secrets = Secrets()
  private let witness = Witness()
  private let clock = ManualTime()

  /// The wall clock, as tests turn it.
  private final class ManualTime: Sendable {
    let now = Mutex(start)
    func advance(days: Int64) { now.withLock { $0 = $0.advanced(bySeconds: days * 86_400) } }
  }

  private func keeper(_ source: CertificateKeeper.Source? = nil, registers: Bool = true) -> CertificateKeeper {
    CertificateKeeper(
      source: source ?? .own(secrets), names: ["10.0.0.1"], url: "https://10.0.0.1:9443",
      show: { [witness] certificate, _ in witness.show(certificate) }, registrar: witness,
      isRegistering: { registers }, now: { [clock] in clock.now.withLock { $0 } }, logger: quiet)
  }

  @Test("The first look makes an authority, shows what it signed, and tells the cluster; the next ones do nothing")
  func first() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    #expect(await keeper.look())
    let kept = try #require(secrets.values.withLock { $0[CertificateKeeper.secretName] })
    #expect(witness.shown.withLock(\.count) == 1)
    #expect(witness.clients.withLock { $0 } == [WebhookClient(url: "https://10.0.0.1:9443", caBundle: kept["ca.crt"]?.exposedText)])
  }

  @Test("Another host, and the same after a restart, use the authority that is there")
  func shared() async throws {
    #expect(await keeper().look())
    let kept = secrets.values.withLock { $0 }
    #expect(await keeper().look())
    #expect(secrets.values.withLock { $0 } == kept)
    #expect(witness.shown.withLock { Set($0).count } == 2)
    #expect(witness.clients.withLock(\.count) == 1)
  }

  @Test("A certificate is replaced a month before it ends, with the authority as it is")
  func rotated() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    clock.advance(days: 59)
    #expect(await keeper.look())
    #expect(witness.shown.withLock(\.count) == 1)
    clock.advance(days: 2)
    #expect(await keeper.look())
    #expect(witness.shown.withLock { Set($0).count } == 2)
    #expect(witness.clients.withLock(\.count) == 1)
  }

  @Test("A new authority joins the old one in what is trusted; the old one goes when it ends")
  func authorityRotated() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    let old = try #require(witness.clients.withLock { $0.last?.caBundle })
    clock.advance(days: 10 * 365 - 300)
    #expect(await keeper.look())
    let new = try #require(witness.clients.withLock { $0.last?.caBundle })
    #expect(new.hasSuffix(old) && new != old)
    #expect(witness.shown.withLock { Set($0).count } == 2)
    // The old one ends.
    clock.advance(days: 301)
    #expect(await keeper.look())
    let last = try #require(witness.clients.withLock { $0.last?.caBundle })
    #expect(new == last + old)
  }

  @Test("A host changes over to the authority that another host has written in the same moment")
  func raced() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    let other = try CertificateAuthority(commonName: "other", now: start)
    secrets.values.withLock { $0[CertificateKeeper.secretName] = ["ca.crt": Secret(other.certificate), "ca.key": other.key] }
    #expect(await keeper.look())
    #expect(witness.clients.withLock { $0.last?.caBundle } == other.certificate)
    #expect(witness.shown.withLock { Set($0).count } == 2)
  }

  @Test("A Secret that somebody spoiled is made anew")
  func spoiled() async throws {
    secrets.values.withLock { $0[CertificateKeeper.secretName] = ["ca.crt": Secret("x"), "ca.key": Secret("y")] }
    #expect(await keeper().look())
    #expect(witness.shown.withLock(\.count) == 1)
  }

  @Test("A cluster that is away takes nothing from what is shown, and is told when it is back")
  func away() async throws {
    let keeper = keeper()
    secrets.isDown.withLock { $0 = true }
    #expect(await !keeper.look())
    #expect(witness.shown.withLock(\.isEmpty))
    secrets.isDown.withLock { $0 = false }
    witness.isDown.withLock { $0 = true }
    #expect(await !keeper.look())
    #expect(witness.shown.withLock(\.count) == 1)
    witness.isDown.withLock { $0 = false }
    #expect(await keeper.look())
    #expect(witness.shown.withLock(\.count) == 1)
    #expect(witness.clients.withLock(\.count) == 1)
  }

  @Test("A host that does not lead serves, and tells nobody")
  func following() async throws {
    #expect(await keeper(registers: false).look())
    #expect(witness.shown.withLock(\.count) == 1)
    #expect(witness.clients.withLock(\.isEmpty))
  }

  @Test("An operator's files are shown when they change; whom to trust is said only where they say it")
  func files() async throws {
    let authority = try CertificateAuthority(commonName: "operator", now: start)
    let files = Mutex(CertificateKeeper.Files(certificate: "one", key: Secret("k")))
    let keeper = keeper(.files { files.withLock { $0 } })
    #expect(await keeper.look())
    #expect(await keeper.look())
    #expect(witness.shown.withLock { $0 } == ["one"])
    #expect(witness.clients.withLock { $0 } == [WebhookClient(url: "https://10.0.0.1:9443", caBundle: nil)])
    files.withLock { $0 = CertificateKeeper.Files(certificate: "two", key: Secret("k"), authority: authority.certificate) }
    #expect(await keeper.look())
    #expect(witness.shown.withLock { $0 } == ["one", "two"])
    #expect(witness.clients.withLock { $0.last?.caBundle } == authority.certificate)
    #expect(secrets.values.withLock(\.isEmpty))
  }
}
