import ArgumentParser
import BareMetal

/// What became of a change of several Servers, one after the other.
struct SetReport {
  let output: OutputFormat
  /// The names of those that were changed.
  private(set) var done: [String] = []
  private var failed = 0
  private var isLate = false
  private var shown: [Server] = []

  init(output: OutputFormat) { self.output = output }

  /// Changes one, and says what came of it.
  mutating func add(
    _ name: String, _ change: () async throws -> Server, says: (Server) -> String
  ) async {
    do {
      let server = try await change()
      done.append(name)
      switch output {
      case .json: print(try OutputFormat.line(server))
      case .yaml: shown.append(server)
      case .name: print(ServerKind.title(of: name))
      case .table, .wide: print("\(ServerKind.title(of: name)) \(says(server))")
      }
      Terminal.flush()
    } catch {
      fail(name, "\(error)")
    }
  }

  /// Does something to one that has no Server to show for it.
  /// - Parameter action: gives what to say.
  mutating func act(_ name: String, _ action: () async throws -> String) async {
    do {
      let text = try await action()
      done.append(name)
      print("\(ServerKind.title(of: name)) \(text)")
      Terminal.flush()
    } catch {
      fail(name, "\(error)")
    }
  }

  mutating func fail(_ name: String, _ reason: String) {
    failed += 1
    Terminal.error("\(ServerKind.title(of: name)): \(reason)")
  }

  /// Waits for one that was changed.
  mutating func wait(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let code as ExitCode where code == .underWay {
      isLate = true
    } catch let failure as AdminClient.Failure {
      failed += 1
      Terminal.error(failure.description)
    }
  }

  /// - Throws: the exit code, unless it is 0.
  func finish() throws {
    if output == .yaml { print(try OutputFormat.render(shown, as: .yaml), terminator: "") }
    if failed > 0 { throw done.isEmpty ? ExitCode(2) : ExitCode(1) }
    if isLate { throw ExitCode.underWay }
  }
}
