/// One thing that must work before the daemon is ready.
public struct ReadinessCheck: Sendable {
  /// For people: `TCP 10.0.0.1:8081`, `DHCP on eth0`.
  public var name: String
  /// `nil` when it works, else why not, in one line.
  public var problem: @Sendable () async -> String?

  public init(_ name: String, problem: @escaping @Sendable () async -> String?) {
    self.name = name
    self.problem = problem
  }

  /// How long a check may take before it counts as failed.
  public static let timeout = Duration.seconds(2)

  /// The problem, or that there was no answer in time. A check must end when it is cancelled.
  func run() async -> String? {
    await withTaskGroup(of: String?.self) { group in
      group.addTask { await problem() }
      group.addTask {
        try? await Task.sleep(for: Self.timeout)
        return "no answer within \(Self.timeout)"
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  /// What is not ready, a line each; empty when everything is.
  public static func problems(_ checks: [ReadinessCheck]) async -> [String] {
    await withTaskGroup(of: (Int, String)?.self) { group in
      for (index, check) in checks.enumerated() {
        group.addTask { await check.run().map { (index, "\(check.name): \($0)") } }
      }
      var problems: [(Int, String)] = []
      for await problem in group { if let problem { problems.append(problem) } }
      return problems.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
