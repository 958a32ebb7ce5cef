import BareMetal
import Testing

@Suite("Which boot host looks after a Server")
struct JurisdictionTests {
  private func server(seenBy host: String?) -> Server {
    var server = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
    if let host { server.metadata.setBootHost(host) }
    return server
  }

  @Test("The one that saw it last; the leader, where nobody has; the only one, whatever is noted")
  func covers() {
    for leads in [true, false] {
      let ours = Jurisdiction(host: "boot-1") { leads }
      #expect(ours.covers(server(seenBy: "boot-1")))
      #expect(!ours.covers(server(seenBy: "boot-2")))
      #expect(ours.covers(server(seenBy: nil)) == leads && ours.covers(nil) == leads)
      #expect(Jurisdiction.all.covers(server(seenBy: "boot-2")))
    }
  }

  @Test("Another's machine is refused by the name of whom to ask; who leads is looked at again")
  func refusals() {
    let ours = Jurisdiction(host: "boot-1") { false }
    #expect(ours.refusal(of: server(seenBy: "boot-1")) == nil)
    #expect(ours.refusal(of: server(seenBy: "boot-2"))?.contains("boot-2") == true)
    #expect(ours.refusal(of: server(seenBy: nil))?.contains("lead") == true)
    #expect(ours.recheck(server(seenBy: "boot-2")) == nil && ours.recheck(server(seenBy: nil)) != nil)
    #expect(Jurisdiction.all.recheck(nil) == nil && Jurisdiction.all.refusal(of: server(seenBy: "x")) == nil)
  }
}
