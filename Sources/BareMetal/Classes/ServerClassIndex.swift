/// Every class's members, kept as Servers, classes and bindings change: a change of a Server costs one look at each class,
/// a change of a class one look at each Server, and nothing is listed again.
///
/// A value; the Servers that it holds are the last ones that it was given, which others hold too.
public struct ServerClassIndex: Sendable {
  /// What it was made from is shared with whoever else holds it.
  private struct Member {
    let server: Server
    /// Accepted, and nothing else keeps it out.
    let isIncluded: Bool

    init(_ server: Server) {
      self.server = server
      isIncluded = server.exclusion == nil
    }

    var labels: [String: String]? { server.metadata.labels }
    var hardware: HardwareInformation? { server.spec.hardware }
    /// What the Server's own status says.
    var saysInUse: Bool { server.status.inUse }
  }

  private struct Class {
    var spec: ServerClassSpec
    var matcher: ServerClassMatcher
    /// Sorted, both.
    var available: [String] = []
    var inUse: [String] = []
  }

  private var servers: [String: Member] = [:]
  private var bound: Set<String> = []
  private var classes: [String: Class] = [:]
  /// Classes whose members changed since ``takeChanged()``.
  private var changed: Set<String> = []

  public init() {}

  public var serverCount: Int { servers.count }

  /// The names of all classes.
  public var classNames: some Collection<String> { classes.keys }

  public func contains(class name: String) -> Bool { classes[name] != nil }

  /// There is this Server, as it is now.
  public mutating func setServer(_ server: Server) {
    let name = server.metadata.name
    let member = Member(server)
    let known = servers.updateValue(member, forKey: name)
    if let known, known.isIncluded == member.isIncluded, known.saysInUse == member.saysInUse,
      known.labels == member.labels, known.hardware == member.hardware
    {
      return
    }
    place(name)
  }

  public mutating func removeServer(_ name: String) {
    guard servers.removeValue(forKey: name) != nil else { return }
    place(name)
  }

  /// Whether there is a binding of that name.
  public mutating func setBound(_ name: String, _ isBound: Bool) {
    guard isBound ? bound.insert(name).inserted : bound.remove(name) != nil, servers[name] != nil else { return }
    place(name)
  }

  /// There is this class, as it is now.
  public mutating func setClass(_ serverClass: ServerClass) { setClasses([serverClass]) }

  /// There are these classes, as they are now. Many at once cost little more than one: each Server is looked at once.
  public mutating func setClasses(_ serverClasses: some Sequence<ServerClass>) {
    var new: [(name: String, class: Class)] = []
    for serverClass in serverClasses {
      let (name, spec) = (serverClass.metadata.name, serverClass.spec)
      if let known = classes[name], known.spec.qualifiers == spec.qualifiers, known.spec.selector == spec.selector {
        classes[name]?.spec = spec
      } else {
        new.append((name, Class(spec: spec, matcher: ServerClassMatcher(spec))))
      }
    }
    guard !new.isEmpty else { return }
    for (server, member) in servers.sorted(by: { $0.key < $1.key }) where member.isIncluded {
      let (labels, hardware, isInUse) = (member.labels, member.hardware, isInUse(server, member))
      for index in new.indices where new[index].class.matcher.qualifies(labels: labels, hardware: hardware) {
        if isInUse { new[index].class.inUse.append(server) } else { new[index].class.available.append(server) }
      }
    }
    for (name, found) in new {
      classes[name] = found
      changed.insert(name)
    }
  }

  public mutating func removeClass(_ name: String) {
    classes[name] = nil
    changed.remove(name)
  }

  /// Forgets Servers that are not among these, as after a list.
  public mutating func keepServers(_ names: Set<String>) {
    for name in servers.keys.filter({ !names.contains($0) }) { removeServer(name) }
  }

  /// Forgets classes that are not among these, as after a list.
  public mutating func keepClasses(_ names: Set<String>) {
    for name in classes.keys.filter({ !names.contains($0) }) { removeClass(name) }
  }

  /// Forgets bindings that are not among these, as after a list.
  public mutating func keepBound(_ names: Set<String>) {
    for name in bound.filter({ !names.contains($0) }) { setBound(name, false) }
  }

  /// The names of the class's Servers, sorted; `nil` where there is no such class.
  public func status(ofClass name: String) -> (available: [String], inUse: [String])? {
    classes[name].map { ($0.available, $0.inUse) }
  }

  /// The class's Servers, with the place of each that its `spreadBy` speaks of.
  public func members(ofClass name: String) -> ServerClassMembers? {
    guard let found = classes[name] else { return nil }
    func candidate(_ server: String) -> ServerAllocator.Candidate {
      ServerAllocator.Candidate(name: server, place: found.spec.spreadBy.flatMap { servers[server]?.labels?[$0] })
    }
    return ServerClassMembers(available: found.available.map(candidate), inUse: found.inUse.map(candidate))
  }

  /// Takes note that these classes are dealt with.
  /// - Returns: those whose members changed since the last time.
  public mutating func takeChanged() -> Set<String> {
    defer { changed = [] }
    return changed
  }

  private func isInUse(_ name: String, _ member: Member) -> Bool { member.saysInUse || bound.contains(name) }

  /// Puts a Server where it belongs in every class.
  private mutating func place(_ name: String) {
    let member = servers[name]
    let isIncluded = member?.isIncluded ?? false
    let isInUse = member.map { self.isInUse(name, $0) } ?? false
    let (labels, hardware) = (member?.labels, member?.hardware)
    for key in classes.keys {
      let qualifies =
        isIncluded && classes[key]?.matcher.qualifies(labels: labels, hardware: hardware) ?? false
      // Both, always: in place, without a copy of the lists.
      let isMoved = classes[key]?.available.set(name, isPresent: qualifies && !isInUse) ?? false
      let isTaken = classes[key]?.inUse.set(name, isPresent: qualifies && isInUse) ?? false
      if isMoved || isTaken { changed.insert(key) }
    }
  }
}

extension [String] {
  /// Adds to a sorted list, or takes away.
  /// - Returns: whether that changed it.
  fileprivate mutating func set(_ name: String, isPresent: Bool) -> Bool {
    var (low, high) = (0, count)
    // Those of a list come in order: most are put at the end.
    if let last, last < name { low = count }
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < name { low = middle + 1 } else { high = middle }
    }
    let isThere = low < count && self[low] == name
    guard isThere != isPresent else { return false }
    if isPresent { insert(name, at: low) } else { remove(at: low) }
    return true
  }
}
