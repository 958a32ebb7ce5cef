import BareMetal
import Testing

@Suite("The index of classes")
struct ServerClassIndexTests {
  private func server(_ name: String, _ labels: [String: String] = [:], accepted: Bool = true) -> Server {
    Server(metadata: ObjectMeta(name: name, labels: labels), spec: ServerSpec(accepted: accepted))
  }

  private func serverClass(_ name: String, _ labels: [String: String] = [:], spreadBy: String? = nil) -> ServerClass {
    var spec = ServerClassSpec(selector: LabelSelectorSpec(matchLabels: labels))
    spec.spreadBy = spreadBy
    return ServerClass(metadata: ObjectMeta(name: name), spec: spec)
  }

  @Test("Members are sorted, and move as they are taken and given back")
  func members() {
    var index = ServerClassIndex()
    index.setClass(serverClass("any"))
    for name in ["c", "a", "b"] { index.setServer(server(name)) }
    index.setServer(server("d", accepted: false))
    #expect(index.status(ofClass: "any")?.available == ["a", "b", "c"])
    index.setBound("b", true)
    #expect(index.status(ofClass: "any")?.available == ["a", "c"])
    #expect(index.status(ofClass: "any")?.inUse == ["b"])
    index.setBound("b", false)
    var used = server("a")
    used.status.inUse = true
    index.setServer(used)
    #expect(index.status(ofClass: "any")?.inUse == ["a"])
    index.removeServer("c")
    #expect(index.status(ofClass: "any")?.available == ["b"])
    #expect(index.status(ofClass: "none") == nil)
  }

  @Test("A binding that comes before its Server counts")
  func early() {
    var index = ServerClassIndex()
    index.setBound("a", true)
    index.setServer(server("a"))
    index.setClass(serverClass("any"))
    #expect(index.status(ofClass: "any")?.inUse == ["a"])
  }

  @Test("Only classes whose members changed are named")
  func changes() {
    var index = ServerClassIndex()
    index.setClass(serverClass("any"))
    index.setClass(serverClass("west", ["zone": "west"]))
    index.setServer(server("a", ["zone": "east"]))
    #expect(index.takeChanged() == ["any", "west"])
    index.setServer(server("b", ["zone": "east"]))
    #expect(index.takeChanged() == ["any"])
    // Nothing that matters.
    var same = server("b", ["zone": "east"])
    same.status.power = .on
    index.setServer(same)
    index.setClass(serverClass("west", ["zone": "west"]))
    #expect(index.takeChanged() == [])
    index.setServer(server("b", ["zone": "west"]))
    #expect(index.takeChanged() == ["west"])
    index.setClass(serverClass("west", ["zone": "east"]))
    #expect(index.takeChanged() == ["west"])
    #expect(index.status(ofClass: "west")?.available == ["a"])
  }

  @Test("TestServerClassPatch: an edited class takes others")
  func testServerClassPatch() {
    var index = ServerClassIndex()
    for (name, zone) in [("a", "east"), ("b", "west")] { index.setServer(server(name, ["zone": zone])) }
    index.setClass(serverClass("c", ["zone": "east"]))
    #expect(index.status(ofClass: "c")?.available == ["a"])
    index.setClass(serverClass("c", ["zone": "west"]))
    #expect(index.status(ofClass: "c")?.available == ["b"])
    index.removeClass("c")
    #expect(index.status(ofClass: "c") == nil)
    #expect(index.takeChanged() == [])
  }

  @Test("What went while nobody looked is forgotten")
  func gaps() {
    var index = ServerClassIndex()
    for name in ["any", "old"] { index.setClass(serverClass(name)) }
    for name in ["a", "b"] { index.setServer(server(name)) }
    index.setBound("a", true)
    index.keepServers(["a"])
    index.keepClasses(["any"])
    index.keepBound([])
    #expect(index.status(ofClass: "any")?.available == ["a"])
    #expect(index.status(ofClass: "any")?.inUse == [])
    #expect(index.status(ofClass: "old") == nil)
  }

  @Test("The place of a member is the value of the label that spreadBy names")
  func places() {
    var index = ServerClassIndex()
    index.setServer(server("a", ["rack": "1"]))
    index.setServer(server("b"))
    index.setClass(serverClass("any", spreadBy: "rack"))
    #expect(index.members(ofClass: "any")?.available == [.init(name: "a", place: "1"), .init(name: "b")])
    index.setClass(serverClass("any"))
    #expect(index.members(ofClass: "any")?.available == [.init(name: "a"), .init(name: "b")])
  }

  @Test("Many Servers and classes: the index says what matching one by one says, whatever happened before")
  func scale() {
    var index = ServerClassIndex()
    var random = SeededRandom(state: 7)
    var servers: [String: Server] = [:]
    var bound: Set<String> = []
    let classes = (0..<20).map { serverClass("class-\($0)", $0 == 0 ? [:] : ["group": "\($0 % 7)"]) }
    for serverClass in classes { index.setClass(serverClass) }
    for _ in 0..<4000 {
      let name = "server-\(Int.random(in: 0..<500, using: &random))"
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        servers[name] = nil
        index.removeServer(name)
      case 1, 2:
        let isBound = Bool.random(using: &random)
        if isBound { bound.insert(name) } else { bound.remove(name) }
        index.setBound(name, isBound)
      default:
        let group = Int.random(in: 0..<7, using: &random)
        let new = server(name, ["group": "\(group)"], accepted: Bool.random(using: &random))
        servers[name] = new
        index.setServer(new)
      }
    }
    for serverClass in classes {
      let matcher = ServerClassMatcher(serverClass.spec)
      let members = servers.values.filter { matcher.includes($0) }.map(\.metadata.name).sorted()
      let status = index.status(ofClass: serverClass.metadata.name)
      #expect(status?.available == members.filter { !bound.contains($0) })
      #expect(status?.inUse == members.filter { bound.contains($0) })
    }
    #expect(index.serverCount == servers.count)
  }
}

/// Numbers that are the same in every run (xorshift).
private struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
