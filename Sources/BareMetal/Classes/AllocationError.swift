/// Why no Server was allocated, or released.
public enum AllocationError: Error, Equatable, Sendable {
  case noSuchClass(String)
  case noSuchServer(String)
  /// This one, for that reason.
  case refused(server: String, reason: String)
  /// The class has not as many that can be taken. `reasons`: how many of its Servers are not for which reason.
  case tooFew(serverClass: String, wanted: Int, found: Int, reasons: [String: Int])
  case notAllocated(String)
  /// The binding is a Cluster API machine's, whose deletion releases it.
  case belongsToMachine(server: String, machine: String)
  case store(StoreError)
}

extension AllocationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noSuchClass(let name): "there is no ServerClass \(PlainText.line(name))"
    case .noSuchServer(let name): "there is no Server \(PlainText.line(name))"
    case .refused(let server, let reason): "Server \(server) cannot be allocated: \(reason)"
    case .tooFew(let serverClass, let wanted, let found, let reasons):
      "ServerClass \(serverClass) has \(found) of \(wanted) Servers that can be allocated"
        + (reasons.isEmpty ? "" : " (of the others: " + Self.inWords(reasons) + ")")
    case .notAllocated(let server): "Server \(PlainText.line(server)) is not allocated"
    case .belongsToMachine(let server, let machine):
      "Server \(server) is allocated for MetalMachine \(PlainText.line(machine)): scale its cluster down instead"
    case .store(let error): error.description
    }
  }

  /// `3 because it is in use, 1 because it is not clean`
  private static func inWords(_ reasons: [String: Int]) -> String {
    reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value): \($0.key)" }.joined(separator: "; ")
  }
}
