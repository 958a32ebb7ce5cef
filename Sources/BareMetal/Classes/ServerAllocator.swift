/// Which Server of a class is taken next.
public enum ServerAllocator {
  /// What the choice needs to know of a member of the class.
  public struct Candidate: Hashable, Sendable {
    public var name: String
    /// The value of the class's `spreadBy` label: which rack, room, power feed.
    public var place: String?

    public init(name: String, place: String? = nil) {
      self.name = name
      self.place = place
    }
  }

  /// The names of those available, in the order in which to take them: one after the other from the place that has the
  /// fewest in use by then; places of as many by their value, those without any last; Servers of a place by name.
  public static func order(available: [Candidate], inUse: [Candidate]) -> [String] {
    var used: [String?: Int] = [:]
    for candidate in inUse { used[candidate.place, default: 0] += 1 }
    let ranked = available.sorted { $0.name < $1.name }.map { candidate in
      // How many its place will have when its turn has come.
      defer { used[candidate.place, default: 0] += 1 }
      return (candidate: candidate, rank: used[candidate.place, default: 0])
    }
    return ranked.sorted { one, other in
      if one.rank != other.rank { return one.rank < other.rank }
      switch (one.candidate.place, other.candidate.place) {
      case (let place?, let another?) where place != another: return place < another
      case (.some, nil): return true
      case (nil, .some): return false
      default: return one.candidate.name < other.candidate.name
      }
    }.map(\.candidate.name)
  }
}
