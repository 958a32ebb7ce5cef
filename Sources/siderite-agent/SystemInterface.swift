import IPMI
import LinuxSystem

/// The machine's own BMC through the kernel, for procedures that are written over ``IPMIRequester``.
actor SystemInterface: IPMIRequester {
  /// For one command. The slowest real ones (setting a password on a BMC that writes flash) take some seconds; the kernel
  /// itself gives up after 5 s for each of its own attempts.
  static let commandLimit = Duration.seconds(15)

  private var device: IPMIDevice

  init(_ device: consuming IPMIDevice) { self.device = device }

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    do {
      let answer = try device.exchange(
        networkFunction: request.networkFunction.rawValue, lun: request.lun, command: request.command,
        data: request.data, timeout: Self.commandLimit)
      guard let code = answer.first else { throw IPMIFailure.unanswered }
      return IPMIReply(code: CompletionCode(rawValue: code), data: Array(answer.dropFirst()))
    } catch let error as SystemError {
      throw error.isTimeout ? .unanswered : .transport("\(error)")
    } catch {
      throw .unanswered
    }
  }

  /// Nothing is ever held up on the way: it is a wire on the board.
  func fence() async throws(IPMIFailure) {}

  func pause(for duration: Duration) async throws(IPMIFailure) { Machine.sleep(duration) }
}
