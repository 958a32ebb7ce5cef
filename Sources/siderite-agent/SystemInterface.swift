import IPMI
import LinuxSystem

/// The machine's own BMC through the kernel, for procedures that are written over ``IPMIRequester``.
actor SystemInterface: IPMIRequester {
  /// For one command. The slowest real ones (setting a password on a BMC that writes flash) take some seconds; the kernel
  /// itself gives up after 5 s for each of its own attempts.
  static let commandLimit = Duration.seconds(15)

  /// For all of them together: what a BMC needs minutes for must not keep the machine from booting.
  static let limit = Duration.seconds(180)

  private var device: IPMIDevice
  private let deadline: ContinuousClock.Instant

  init(_ device: consuming IPMIDevice) {
    self.device = device
    deadline = .now + Self.limit
  }

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    guard ContinuousClock.now < deadline else {
      throw .transport("the BMC is too slow in-band: stopped after \(Self.limit.components.seconds) s")
    }
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

  var now: ContinuousClock.Instant { .now }
}
