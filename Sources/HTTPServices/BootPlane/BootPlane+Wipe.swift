import BareMetal
import HTTPTypes
import Hummingbird
import Wire

extension BootPlane {
  /// What the machine that registers is told about its disks, and the journal with it.
  func wipeOrder(forServer name: String, _ subject: BootSubject) async throws -> WipeOrder? {
    switch try await wipes?.answer(forServer: name) {
    case .order(let order):
      let disks = order.disks.count { $0.action == .erase }
      journal.report(
        .lifecycle(
          reason: "Agent", message: "told to erase \(disks) disk\(disks == 1 ? "" : "s")", isWarning: false), of: subject)
      return order
    case .refused(let reason):
      report("not wiped: \(reason)", isWarning: true, of: subject)
      return nil
    case .nothing, nil: return nil
    }
  }

  /// `POST /agent/v1/wipe`: how far the agent is, and the end.
  func takeWipe(_ request: Request, _ context: PeerContext) async throws -> Response {
    let message: WipeReport = try await decode(request, limit: Limits.wipeBytes)
    guard let wipes else { throw Refusal(.notFound, "this boot host wipes no machines") }
    // By the address alone until the token shows who it is: else anybody could write into anybody's journal.
    var subject = BootSubject(address: context.client)
    do {
      let progress = try await wipes.take(message)
      subject.uuid = SystemUUID(message.server)
      var action: AgentAction?
      switch progress {
      case .began:
        journal.report(
          .lifecycle(reason: "Agent", message: "the agent erases its disks", isWarning: false), of: subject)
      case .running(let quarter?): report("\(quarter) % erased", of: subject)
      case .running(nil): break
      case .done:
        report("wiped: it is clean", of: subject)
        action = .powerOff
      case .failed(let reason):
        report("not wiped: \(reason)", isWarning: true, of: subject)
        action = .powerOff
      case .repeated: action = .powerOff
      }
      if let action, progress != .repeated { journal.report(.instructed(action), of: subject) }
      return try .json(WipeReportResponse(action: action))
    } catch {
      let refusal = (error as? StoreError).map { Refusal($0) } ?? error as? Refusal
      report("a report was refused: \(refusal?.reason ?? "the connection broke")", isWarning: true, of: subject)
      throw refusal ?? error
    }
  }

  private func report(_ message: String, isWarning: Bool = false, of subject: BootSubject) {
    journal.report(
      .lifecycle(reason: "Server Wipe", message: PlainText.line(message), isWarning: isWarning), of: subject)
  }
}
