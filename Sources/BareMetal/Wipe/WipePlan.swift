/// Which of the disks that are there an intent means. They must be the same, one to one: a disk that came or went since the
/// intent was recorded was not meant by anybody.
public struct WipePlan: Hashable, Sendable {
  /// What is to happen to one disk that is there.
  public struct Step: Hashable, Sendable {
    public var order: DiskOrder
    /// Its place in the list of those that are there.
    public var index: Int
  }

  /// In the order of the intent.
  public var steps: [Step]
  /// Places of those that are nobody's concern: read-only media that the intent does not name.
  public var ignored: [Int]

  /// - Parameter present: every fixed disk that is there.
  public init(_ orders: [DiskOrder], present: [StorageDevice]) throws(WipeRefusal) {
    let identities = present.map { DiskIdentity($0) }
    var free = Set(present.indices)
    steps = []
    for order in orders {
      let candidates = identities.indices.filter { order.disk.matches(identities[$0]) }
      guard let index = candidates.first(where: { free.contains($0) }) else {
        throw WipeRefusal("\(order.disk) is in the intent and not there: \(WipeRefusal.newIntent)")
      }
      // Paths to one disk have one name; so have disks of careless makers, and then the name must not decide.
      let rivals = orders.filter { other in candidates.contains { other.disk.matches(identities[$0]) } }
      guard rivals.allSatisfy({ $0.action == order.action }) else {
        throw WipeRefusal("several disks are known as \(order.disk), and not all of them are to be erased")
      }
      free.remove(index)
      steps.append(Step(order: order, index: index))
    }
    ignored = free.filter { present[$0].readOnly == true }.sorted()
    if let stranger = free.subtracting(ignored).min() {
      throw WipeRefusal("\(identities[stranger]) is there and not in the intent: \(WipeRefusal.newIntent)")
    }
  }
}
