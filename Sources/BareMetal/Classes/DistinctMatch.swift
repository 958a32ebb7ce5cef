/// Whether every wanted thing finds one of its own among those there are: a bipartite matching.
enum DistinctMatch {
  /// By augmenting paths (Kuhn): wanted things times facts steps at most for each wanted one. What is wanted is bounded
  /// by ``HardwareQualifier/maximumEntries``, what there is by ``Registration/Limits``.
  static func exists<Wanted, Fact>(
    _ wanted: [Wanted]?, _ facts: [Fact]?, _ matches: (Wanted, Fact) -> Bool
  ) -> Bool {
    guard let wanted, !wanted.isEmpty else { return true }
    guard let facts, wanted.count <= facts.count else { return false }
    if wanted.count == 1 { return facts.contains { matches(wanted[0], $0) } }
    let candidates = wanted.map { wanted in facts.indices.filter { matches(wanted, facts[$0]) } }
    guard !candidates.contains(where: \.isEmpty) else { return false }
    var owner = [Int?](repeating: nil, count: facts.count)
    for one in wanted.indices {
      var tried = Set<Int>()
      guard place(one, candidates, &owner, &tried) else { return false }
    }
    return true
  }

  /// Gives a fact to a wanted thing, moving those that have one already where that helps.
  private static func place(
    _ wanted: Int, _ candidates: [[Int]], _ owner: inout [Int?], _ tried: inout Set<Int>
  ) -> Bool {
    for fact in candidates[wanted] where tried.insert(fact).inserted {
      guard let other = owner[fact] else {
        owner[fact] = wanted
        return true
      }
      if place(other, candidates, &owner, &tried) {
        owner[fact] = wanted
        return true
      }
    }
    return false
  }
}
