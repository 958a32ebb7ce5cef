import BareMetal
import Certificates
import Logging
import Synchronization
import Testing
import Wire

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Secrets in memory, that fail as told.
private final class Secrets: SecretStore {
  private let values = Mutex<[SecretName: [String: Secret]]>([:])
  let isDown = Mutex(false)

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    try check()
    return values.withLock { $0[name] }
  }

  func setSecret(_ name: SecretName, to new: [String: Secret]?) async throws(StoreError) {
    try check()
    values.withLock { $0[name] = new }
  }

  /// The authority's.
  var kept: [String: Secret]? {
    get { values.withLock { $0[CertificateKeeper.secretName] } }
    set { values.withLock { $0[CertificateKeeper.secretName] = newValue } }
  }
  var isEmpty: Bool { values.withLock(\.isEmpty) }

  private func check() throws(StoreError) {
    if isDown.withLock({ $0 }) { throw .unavailable(message: "down") }
  }
}

/// A cluster, and a server, of which only what they were told is seen.
private final class Witness: WebhookRegistrar {
  private let told = Mutex<[WebhookClient]>([])
  private let certificates = Mutex<[String]>([])
  let isDown = Mutex(false)

  struct Down: Error {}

  func register(_ client: WebhookClient) async throws {
    if isDown.withLock({ $0 }) { throw Down() }
    told.withLock { if $0.last != client { $0.append(client) } }
  }

  func show(_ certificate: String) { certificates.withLock { $0.append(certificate) } }

  /// Without repetitions.
  var clients: [WebhookClient] { told.withLock { $0 } }
  var shown: [String] { certificates.withLock { $0 } }
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
    let kept = try #require(secrets.kept)
    #expect(witness.shown.count == 1)
    #expect(witness.clients == [WebhookClient(url: "https://10.0.0.1:9443", caBundle: kept["ca.crt"]?.exposedText)])
  }

  @Test("Another host, and the same after a restart, use the authority that is there")
  func shared() async throws {
    #expect(await keeper().look())
    let kept = secrets.kept
    #expect(await keeper().look())
    #expect(secrets.kept == kept)
    #expect(Set(witness.shown).count == 2)
    #expect(witness.clients.count == 1)
  }

  @Test("A certificate is replaced a month before it ends, with the authority as it is")
  func rotated() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    clock.advance(days: 59)
    #expect(await keeper.look())
    #expect(witness.shown.count == 1)
    clock.advance(days: 2)
    #expect(await keeper.look())
    #expect(Set(witness.shown).count == 2)
    #expect(witness.clients.count == 1)
  }

  @Test("A new authority joins the old one in what is trusted; the old one goes when it ends")
  func authorityRotated() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    let old = try #require(witness.clients.last?.caBundle)
    clock.advance(days: 10 * 365 - 300)
    #expect(await keeper.look())
    let new = try #require(witness.clients.last?.caBundle)
    #expect(new.hasSuffix(old) && new != old)
    #expect(Set(witness.shown).count == 2)
    // The old one ends.
    clock.advance(days: 301)
    #expect(await keeper.look())
    let last = try #require(witness.clients.last?.caBundle)
    #expect(new == last + old)
  }

  @Test("A host changes over to the authority that another host has written in the same moment")
  func raced() async throws {
    let keeper = keeper()
    #expect(await keeper.look())
    let other = try CertificateAuthority(commonName: "other", now: start)
    secrets.kept = ["ca.crt": Secret(other.certificate), "ca.key": other.key]
    #expect(await keeper.look())
    #expect(witness.clients.last?.caBundle == other.certificate)
    #expect(Set(witness.shown).count == 2)
  }

  @Test("A Secret that somebody spoiled is made anew")
  func spoiled() async throws {
    secrets.kept = ["ca.crt": Secret("x"), "ca.key": Secret("y")]
    #expect(await keeper().look())
    #expect(witness.shown.count == 1)
  }

  @Test("A cluster that is away takes nothing from what is shown, and is told when it is back")
  func away() async throws {
    let keeper = keeper()
    secrets.isDown.withLock { $0 = true }
    #expect(await !keeper.look())
    #expect(witness.shown.isEmpty)
    secrets.isDown.withLock { $0 = false }
    witness.isDown.withLock { $0 = true }
    #expect(await !keeper.look())
    #expect(witness.shown.count == 1)
    witness.isDown.withLock { $0 = false }
    #expect(await keeper.look())
    #expect(witness.shown.count == 1)
    #expect(witness.clients.count == 1)
  }

  @Test("A host that does not lead serves, and tells nobody")
  func following() async throws {
    #expect(await keeper(registers: false).look())
    #expect(witness.shown.count == 1)
    #expect(witness.clients.isEmpty)
  }

  @Test("An operator's files are shown when they change; whom to trust is said only where they say it")
  func files() async throws {
    let authority = try CertificateAuthority(commonName: "operator", now: start)
    let files = Mutex(CertificateKeeper.Files(certificate: "one", key: Secret("k")))
    let keeper = keeper(.files { files.withLock { $0 } })
    #expect(await keeper.look())
    #expect(await keeper.look())
    #expect(witness.shown == ["one"])
    #expect(witness.clients == [WebhookClient(url: "https://10.0.0.1:9443", caBundle: nil)])
    files.withLock {
      $0 = CertificateKeeper.Files(certificate: "two", key: Secret("k"), authority: authority.certificate)
    }
    #expect(await keeper.look())
    #expect(witness.shown == ["one", "two"])
    #expect(witness.clients.last?.caBundle == authority.certificate)
    #expect(secrets.isEmpty)
  }
}
