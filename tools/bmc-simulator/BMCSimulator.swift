import ArgumentParser

/// `bmc-simulator`: a rack of BMCs in one process.
@main
struct BMCSimulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bmc-simulator", abstract: "A rack of BMCs in one process.")

  func run() async throws {}
}
