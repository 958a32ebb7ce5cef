import BareMetal
import Testing

@Suite("The order of allocation")
struct ServerAllocatorTests {
  private func candidates(_ text: String) -> [ServerAllocator.Candidate] {
    text.split(separator: " ").map { word in
      let parts = word.split(separator: "@")
      return .init(name: String(parts[0]), place: parts.count > 1 ? String(parts[1]) : nil)
    }
  }

  @Test(
    "The least used place first, then by name",
    arguments: [
      ("", "", ""), ("c a b", "", "a b c"), ("a@1 b@1 c@2 d@2", "", "a c b d"), ("a@1 b@1 c@2", "x@2", "a b c"),
      ("a@1 b@1 c@2", "x@1 y@1", "c a b"), ("a@1 b@2 c@3", "x@1 y@2", "c a b"), ("a b@1 c@2", "", "b c a"),
      ("a b@1", "x@1", "a b"), ("z@1 y@1 x@1", "", "x y z"),
    ])
  func order(available: String, inUse: String, expected: String) {
    let order = ServerAllocator.order(available: candidates(available), inUse: candidates(inUse))
    #expect(order.joined(separator: " ") == expected)
  }

  @Test("Taken one after the other, no place gets two more than another while all have some left")
  func balance() {
    let available = (0..<60).map { ServerAllocator.Candidate(name: "s\(100 + $0)", place: "r\($0 % 4)") }
    let order = ServerAllocator.order(available: available, inUse: candidates("x@r0 y@r0 z@r1"))
    var used = ["r0": 2, "r1": 1, "r2": 0, "r3": 0]
    let places = Dictionary(uniqueKeysWithValues: available.map { ($0.name, $0.place ?? "") })
    for (index, name) in order.prefix(40).enumerated() {
      used[places[name] ?? "", default: 0] += 1
      if index >= 5 { #expect((used.values.max() ?? 0) - (used.values.min() ?? 0) <= 1) }
    }
    #expect(Set(order) == Set(available.map(\.name)))
  }
}
